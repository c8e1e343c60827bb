/** What spans tenants: for boot and background work. */
import type { MaintenanceStore } from "@atrium/core/storage/Storage"
import type { Tenant } from "@atrium/core/tenancy/Tenant"
import * as Effect from "effect/Effect"
import { byId, pages } from "../Pages.ts"
import { type Reader, readAll, readFirst } from "../Reader.ts"
import type { Sql } from "../Statement.ts"
import { listDue, listLeft } from "./Conversations.ts"
import { findKeyByHash } from "./Keys.ts"
import { purgeLimits } from "./Limits.ts"

const columns = "id, name, plan"

const read = (row: Reader): Tenant => ({ id: row.text(), name: row.text(), plan: row.text() })

export const makeMaintenanceStore = (sql: Sql): MaintenanceStore => {
  const save = sql.write(
    `insert into tenants (${columns}) values (?, ?, ?)
     on conflict (id) do update set name = excluded.name, plan = excluded.plan`
  )
  const find = sql.read(`select ${columns} from tenants where id = ?`)
  const list = pages<Tenant>(sql, {
    select: `select ${columns} from tenants where 1 = 1`,
    key: ["id"],
    read: readAll("tenant", read),
    cursor: (tenant) => tenant.id,
    place: byId
  })
  return {
    saveTenant: ({ id, name, plan }) => Effect.asVoid(save([id, name.toWellFormed(), plan])),
    findTenant: (id) => Effect.flatMap(find([id]), readFirst("tenant", read)),
    listTenants: (by) => list([], by),
    findKey: findKeyByHash(sql),
    listLeft: listLeft(sql),
    listDue: listDue(sql),
    purgeLimits: purgeLimits(sql)
  }
}
