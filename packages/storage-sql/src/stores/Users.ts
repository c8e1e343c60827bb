/** The users of a tenant. */
import { owns } from "@atrium/core/storage/Confine"
import type { UserStore } from "@atrium/core/storage/UserStore"
import { User } from "@atrium/core/tenancy/User"
import * as Effect from "effect/Effect"
import { mine, ofUser } from "../Confine.ts"
import { byId, pages } from "../Pages.ts"
import { decoding, type Reader, readAll, readFirst } from "../Reader.ts"
import type { Sql } from "../Statement.ts"

const columns = "id, name, properties"
const properties = decoding(User.fields.properties)

const read = (row: Reader): User => ({
  id: row.text(),
  name: row.text(),
  properties: row.json(properties, {})
})

export const makeUserStore = (sql: Sql): UserStore => {
  const save = sql.write(
    `insert into users (tenant, ${columns}) values (?, ?, ?, ?)
     on conflict (tenant, id) do update set name = excluded.name, properties = excluded.properties`
  )
  const find = sql.read(`select ${columns} from users where tenant = ? and id = ?`)
  const listing = {
    key: ["id"],
    read: readAll("user", read),
    cursor: (user: User) => user.id,
    place: byId
  }
  const all = pages(sql, { ...listing, select: `select ${columns} from users where tenant = ?` })
  const own = pages(sql, {
    ...listing,
    select: `select ${columns} from users where tenant = ? and id = ?`
  })
  return {
    save: (scope, user) =>
      owns(scope, user.id)
        ? Effect.asVoid(
            save([
              scope.tenantId,
              user.id,
              user.name.toWellFormed(),
              JSON.stringify(user.properties)
            ])
          )
        : Effect.void,
    find: (scope, id) =>
      owns(scope, id)
        ? Effect.flatMap(find([scope.tenantId, id]), readFirst("user", read))
        : Effect.succeedNone,
    list: (scope, by) =>
      ofUser(scope) ? own([scope.tenantId, mine(scope)], by) : all([scope.tenantId], by)
  }
}
