/** Which agent a template is bound to, and which users are attached to an agent. */

import type { BindingStore, BoundRecord, Pin } from "@atrium/core/storage/BindingStore"
import { owns, sees } from "@atrium/core/storage/Confine"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { kept, mine, ofUser } from "../Confine.ts"
import { byPair, pages, pair } from "../Pages.ts"
import { type Reader, readAll, readFirst } from "../Reader.ts"
import type { Sql } from "../Statement.ts"

const agentId = readFirst("binding", (row: Reader) => row.text())

const readBound = (row: Reader): BoundRecord => ({ agentId: row.text(), userId: row.text() })

const keyOf = (scope: TenantScope, { owner, template }: Pin) => [
  scope.tenantId,
  template,
  kept(owner)
]

/** The attachments of a tenant, of one agent, of one user, or of both, by the index that fits. */
const lists = (sql: Sql) => {
  const one = (index: string, condition: string) =>
    pages<BoundRecord>(sql, {
      select: `select agent_id, user_id from attachments ${index} where tenant = ? ${condition}`,
      key: ["agent_id", "user_id"],
      read: readAll("attachment", readBound),
      cursor: (bound) => pair(bound.agentId, bound.userId),
      place: byPair
    })
  const byUser = sql.dialect.indexedBy("attachments_user")
  return {
    all: one("", ""),
    ofAgent: one("", "and agent_id = ?"),
    ofUser: one(byUser, "and user_id = ?"),
    ofBoth: one("", "and agent_id = ? and user_id = ?")
  }
}

export const makeBindingStore = (sql: Sql): BindingStore => {
  const find = sql.read(
    "select agent_id from bindings where tenant = ? and template = ? and user_id = ?"
  )
  const pin = sql.write(
    `insert into bindings (tenant, template, user_id, agent_id) values (?, ?, ?, ?)
     on conflict do nothing`
  )
  const unpin = sql.write("delete from bindings where tenant = ? and template = ? and user_id = ?")
  const attach = sql.write(
    "insert into attachments (tenant, agent_id, user_id) values (?, ?, ?) on conflict do nothing"
  )
  const detach = sql.write(
    "delete from attachments where tenant = ? and agent_id = ? and user_id = ?"
  )
  const list = lists(sql)
  return {
    pin: (scope, wanted, agent) => {
      if (!sees(scope, wanted.owner)) return Effect.succeed(agent)
      const key = keyOf(scope, wanted)
      // Whoever is first wins: what stands afterwards is the answer, whoever wrote it.
      return sql.within(
        Effect.flatMap(pin([...key, agent]), () =>
          Effect.map(
            Effect.flatMap(find(key), agentId),
            Option.getOrElse(() => agent)
          )
        )
      )
    },
    find: (scope, wanted) =>
      sees(scope, wanted.owner)
        ? Effect.flatMap(find(keyOf(scope, wanted)), agentId)
        : Effect.succeedNone,
    unpin: (scope, wanted) =>
      owns(scope, wanted.owner) ? Effect.asVoid(unpin(keyOf(scope, wanted))) : Effect.void,
    attach: (scope, bound) =>
      owns(scope, bound.userId)
        ? Effect.asVoid(attach([scope.tenantId, bound.agentId, bound.userId]))
        : Effect.void,
    detach: (scope, bound) =>
      owns(scope, bound.userId)
        ? Effect.asVoid(detach([scope.tenantId, bound.agentId, bound.userId]))
        : Effect.void,
    list: (scope, of, by) => {
      const user = ofUser(scope) ? mine(scope) : of.userId
      // Asked for somebody else's: the answer is that of nobody.
      if (user === null || (of.userId !== undefined && of.userId !== user)) {
        return Effect.succeed({ items: [], next: Option.none() })
      }
      const { tenantId } = scope
      if (of.agentId === undefined) {
        return user === undefined ? list.all([tenantId], by) : list.ofUser([tenantId, user], by)
      }
      return user === undefined
        ? list.ofAgent([tenantId, of.agentId], by)
        : list.ofBoth([tenantId, of.agentId, user], by)
    }
  }
}
