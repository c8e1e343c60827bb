/** Memory blocks and every change that was made to them. */
import type { StorageError } from "@atrium/core/errors"
import {
  type BlockChange,
  BlockRecord,
  type BlockStore,
  Trust
} from "@atrium/core/storage/BlockStore"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CONFINED, kept, mine, ofUser, SEEN, told } from "../Confine.ts"
import { type Reader, readAll, readFirst } from "../Reader.ts"
import { LIMIT, type Sql, type Value } from "../Statement.ts"
import { listed, verbatim } from "../Verbatim.ts"

const columns = `id, agent_id, user_id, conversation_id, label, description, body, owner, size,
  read_only, revision, trust, at`
const owners = BlockRecord.fields.owner.literals

/** What more share comes first. */
const rank = `case owner when 'tenant' then 0 when 'group' then 1 when 'agent' then 2
  when 'user' then 3 else 4 end`

const read = (row: Reader): BlockRecord => ({
  id: row.verbatim(),
  agentId: row.verbatim(),
  userId: row.owner(),
  conversationId: told(row.verbatim()),
  label: row.verbatim(),
  description: row.verbatim(),
  value: row.verbatim(),
  owner: row.word(owners, "agent"),
  limit: row.int(),
  readOnly: row.flag(),
  revision: row.int(),
  trust: row.word(Trust.literals, "derived"),
  at: row.int()
})

const first = readFirst("block", read)
const all = readAll("block", read)

const replacedBy = "revision, replaced, author, turn_id, trust, at"

const readChanges = readAll(
  "block change",
  (row: Reader): BlockChange => ({
    revision: row.int(),
    replaced: row.verbatim(),
    by: row.verbatim(),
    turnId: row.verbatimOrNull(),
    trust: row.word(Trust.literals, "derived"),
    at: row.int()
  })
)

const valuesOf = (block: BlockRecord) => [
  ...[block.id, block.agentId, kept(block.userId), kept(block.conversationId), block.label],
  ...[block.description, block.value, block.owner, block.limit, block.readOnly ? 1 : 0],
  ...[block.revision, block.trust, block.at]
]

/** What stands now, before a write: its revision and value. */
const readPresent = readFirst("block", (row: Reader) => ({
  revision: row.int(),
  body: row.text(),
  userId: row.text()
}))

/** `clear` of the store, as a part of the removal of a conversation too. */
export const clearBlocks = (sql: Sql): BlockStore["clear"] => {
  const removal = (ids: string) => ({
    changes: sql.write(
      `delete from block_changes where tenant = ? and block_id in (select id from blocks ${ids})`
    ),
    blocks: sql.write(`delete from blocks ${ids}`)
  })
  const { indexedBy } = sql.dialect
  const byAgent = `${indexedBy("blocks_place")} where tenant = ? and agent_id = ?`
  const all = removal(byAgent)
  const own = removal(`${byAgent} and user_id = ?`)
  const ofConversation = removal(
    `${indexedBy("blocks_conversation")} where tenant = ? and conversation_id = ?
       and conversation_id <> '' and agent_id = ? and ${CONFINED}`
  )
  const from = ({ blocks, changes }: typeof all, tenant: string, ...of: ReadonlyArray<Value>) =>
    sql.within(
      Effect.asVoid(Effect.andThen(changes([tenant, tenant, ...of]), blocks([tenant, ...of])))
    )
  return (scope, agentId, conversationId) => {
    const { tenantId } = scope
    const agent = verbatim(agentId)
    if (conversationId !== null) {
      return from(ofConversation, tenantId, verbatim(conversationId), agent, mine(scope))
    }
    return ofUser(scope) ? from(own, tenantId, agent, mine(scope)) : from(all, tenantId, agent)
  }
}

export const makeBlockStore = (sql: Sql): BlockStore => {
  const { indexedBy, records } = sql.dialect
  const insert = sql.write(
    `insert into blocks (tenant, ${columns}) select ?, ${columns} from ${records({
      id: "text",
      agent_id: "text",
      user_id: "text",
      conversation_id: "text",
      label: "text",
      description: "text",
      body: "text",
      owner: "text",
      size: "whole",
      read_only: "whole",
      revision: "whole",
      trust: "text",
      at: "whole"
    })} given where ${CONFINED} or (user_id = '' and conversation_id = '' and not exists
       (select 1 from agents where agents.tenant = ? and agents.id = given.agent_id
        and agents.user_id not in ('', coalesce(?, agents.user_id))))
     on conflict do nothing`
  )
  const one = `from blocks where tenant = ? and id = ? and ${SEEN}`
  const find = sql.read(`select ${columns} ${one}`)
  const present = sql.read(`select revision, body, user_id ${one}`)
  /** Blocks of the user `?` and of nobody. */
  const list = (condition: string) =>
    sql.read(
      `select ${columns} from blocks ${indexedBy("blocks_place")}
       where tenant = ? and agent_id = ? and user_id in ('', ?) ${condition}
       order by ${rank}, label, user_id, conversation_id`
    )
  const listAll = list("")
  const listOf = list("and conversation_id in ('', ?)")
  const update = sql.change(
    `update blocks set body = ?, trust = ?, revision = ?, at = ?
     where tenant = ? and id = ? and revision = ? and ${SEEN}`
  )
  const keep = sql.write(
    `insert into block_changes (tenant, block_id, user_id, ${replacedBy})
     values (?, ?, ?, ?, ?, ?, ?, ?, ?)`
  )
  const changes = sql.read(
    `select ${replacedBy} from block_changes
     where tenant = ? and block_id = ? and ${SEEN} and revision <= ?
     order by revision desc ${LIMIT}`
  )
  return {
    insert: (scope, blocks) =>
      blocks.length === 0
        ? Effect.void
        : Effect.asVoid(
            insert([
              ...[scope.tenantId, listed(blocks.map(valuesOf)), mine(scope)],
              ...[scope.tenantId, mine(scope)]
            ])
          ),
    find: (scope, id) => Effect.flatMap(find([scope.tenantId, verbatim(id), mine(scope)]), first),
    list: (scope, agentId, conversationId) => {
      const of = [scope.tenantId, verbatim(agentId), mine(scope) ?? ""]
      return Effect.flatMap(
        conversationId === null ? listAll(of) : listOf([...of, verbatim(conversationId)]),
        all
      )
    },
    write: (scope, id, { at, by, expected, trust, turnId, value }) => {
      const it = [scope.tenantId, verbatim(id)]
      const revision = expected + 1
      return sql.within(
        Effect.gen(function* (): Effect.fn.Return<"written" | "conflict" | "absent", StorageError> {
          const found = yield* Effect.flatMap(present([...it, mine(scope)]), readPresent)
          if (Option.isNone(found)) return "absent"
          if (found.value.revision !== expected) return "conflict"
          // Whoever wrote since has the next revision: what was read is what is replaced.
          const written = yield* update([
            ...[verbatim(value), trust, revision, at],
            ...[...it, expected, mine(scope)]
          ])
          if (written === 0) return "conflict"
          const { body, userId } = found.value
          yield* keep([
            ...[...it, userId, revision, body, verbatim(by)],
            ...[turnId === null ? null : verbatim(turnId), trust, at]
          ])
          return "written"
        })
      )
    },
    changes: (scope, id, upTo, limit) =>
      Effect.flatMap(
        changes([
          ...[scope.tenantId, verbatim(id), mine(scope)],
          ...[upTo, Math.max(0, Math.floor(limit))]
        ]),
        readChanges
      ),
    clear: clearBlocks(sql)
  }
}
