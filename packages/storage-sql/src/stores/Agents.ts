/** Agents. A scope with a user sees his own and those that no user owns. */
import type { AgentRecord, AgentStore } from "@atrium/core/storage/AgentStore"
import { sees } from "@atrium/core/storage/Confine"
import * as Effect from "effect/Effect"
import { CONFINED, kept, mine, ofUser, SEEN } from "../Confine.ts"
import { byId, pages, tagged } from "../Pages.ts"
import { type Reader, readAll, readFirst } from "../Reader.ts"
import type { Sql } from "../Statement.ts"

const columns = "id, template, user_id, tags, state, ref, created_at, last_turn_at"
const states = ["active", "archived", "deleting"] as const

const read = (row: Reader): AgentRecord => ({
  id: row.text(),
  template: row.text(),
  owner: row.owner(),
  tags: row.texts(),
  state: row.word(states, "active"),
  ref: row.textOrNull(),
  createdAt: row.int(),
  lastTurnAt: row.intOrNull()
})

export const makeAgentStore = (sql: Sql): AgentStore => {
  const save = sql.write(
    `insert into agents (tenant, ${columns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
     on conflict (tenant, id) do update set template = excluded.template, tags = excluded.tags, state = excluded.state,
       ref = excluded.ref, last_turn_at = excluded.last_turn_at, created_at = excluded.created_at
     where agents.user_id = excluded.user_id`
  )
  const find = sql.read(`select ${columns} from agents where tenant = ? and id = ? and ${SEEN}`)
  const listing = {
    key: ["id"],
    read: readAll("agent", read),
    cursor: (agent: AgentRecord) => agent.id,
    place: byId
  }
  const cursor = listing.cursor
  const all = tagged(
    pages(sql, { ...listing, select: `select ${columns} from agents where tenant = ?` }),
    cursor
  )
  const seen = tagged(
    pages(sql, {
      ...listing,
      select: `select ${columns} from agents ${sql.dialect.indexedBy("agents_user")}
        where tenant = ? and user_id in ('', ?)`
    }),
    cursor
  )
  const remove = sql.write(`delete from agents where tenant = ? and id = ? and ${CONFINED}`)
  return {
    save: (scope, agent) =>
      sees(scope, agent.owner)
        ? Effect.asVoid(
            save([
              scope.tenantId,
              agent.id,
              agent.template,
              kept(agent.owner),
              JSON.stringify(agent.tags),
              agent.state,
              agent.ref,
              agent.createdAt,
              agent.lastTurnAt
            ])
          )
        : Effect.void,
    find: (scope, id) =>
      Effect.flatMap(find([scope.tenantId, id, mine(scope)]), readFirst("agent", read)),
    list: (scope, by) =>
      ofUser(scope) ? seen([scope.tenantId, mine(scope)], by) : all([scope.tenantId], by),
    delete: (scope, id) => Effect.asVoid(remove([scope.tenantId, id, mine(scope)]))
  }
}
