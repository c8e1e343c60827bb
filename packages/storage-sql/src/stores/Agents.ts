/** Agents. A scope with a user sees his own and those that no user owns. */
import type { StorageError } from "@atrium/core/errors"
import { type By, defaultLimit, type Page, pageOf } from "@atrium/core/Page"
import type { AgentRecord, AgentStore } from "@atrium/core/storage/AgentStore"
import { sees } from "@atrium/core/storage/Confine"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CONFINED, kept, mine, ofUser } from "../Confine.ts"
import { byId, type List, pages } from "../Pages.ts"
import { type Reader, readAll, readFirst } from "../Reader.ts"
import type { Sql, Value } from "../Statement.ts"

const columns = "id, template, user_id, tags, state, ref, created_at, last_turn_at"
const states = ["active", "archived"] as const

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

/** A page of those that carry all of `tags`; they are few in number, and looked for page by page. */
const tagged = Effect.fnUntraced(function* (
  list: List<AgentRecord>,
  parameters: ReadonlyArray<Value>,
  by: By,
  tags: ReadonlyArray<string>
): Effect.fn.Return<Page<AgentRecord>, StorageError> {
  const limit = by.limit ?? defaultLimit
  const kept: Array<AgentRecord> = []
  let next = by
  while (true) {
    const page = yield* list(parameters, next)
    for (const agent of page.items) {
      if (tags.every((tag) => agent.tags.includes(tag))) kept.push(agent)
    }
    if (kept.length > limit || Option.isNone(page.next)) {
      return pageOf(kept.slice(0, limit + 1), limit, (agent) => agent.id)
    }
    next = { ...by, after: page.next.value }
  }
})

export const makeAgentStore = (sql: Sql): AgentStore => {
  const save = sql.write(
    `insert into agents (tenant, ${columns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
     on conflict (tenant, id) do update set template = excluded.template, tags = excluded.tags, state = excluded.state,
       ref = excluded.ref, last_turn_at = excluded.last_turn_at, created_at = excluded.created_at
     where agents.user_id = excluded.user_id`
  )
  const find = sql.read(
    `select ${columns} from agents where tenant = ? and id = ?
     and user_id in ('', coalesce(?, user_id))`
  )
  const listing = {
    key: ["id"],
    read: readAll("agent", read),
    cursor: (agent: AgentRecord) => agent.id,
    place: byId
  }
  const all = pages(sql, { ...listing, select: `select ${columns} from agents where tenant = ?` })
  const seen = pages(sql, {
    ...listing,
    select: `select ${columns} from agents ${sql.dialect.indexedBy("agents_user")}
      where tenant = ? and user_id in ('', ?)`
  })
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
    list: (scope, by) => {
      const list = ofUser(scope) ? seen : all
      const parameters = ofUser(scope) ? [scope.tenantId, mine(scope)] : [scope.tenantId]
      return by.tags === undefined || by.tags.length === 0
        ? list(parameters, by)
        : tagged(list, parameters, by, by.tags)
    },
    delete: (scope, id) => Effect.asVoid(remove([scope.tenantId, id, mine(scope)]))
  }
}
