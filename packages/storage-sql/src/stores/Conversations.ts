/** Conversations: who they belong to, where their queue stands, and who may write them. */
import type { StorageError } from "@atrium/core/errors"
import type { By } from "@atrium/core/Page"
import { owns } from "@atrium/core/storage/Confine"
import type {
  Advanced,
  ConversationRecord,
  ConversationStore,
  Unended
} from "@atrium/core/storage/ConversationStore"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CONFINED, kept, mine, ofUser } from "../Confine.ts"
import { byId, byPair, pages, pair } from "../Pages.ts"
import { type Reader, readAll, readFirst } from "../Reader.ts"
import type { Sql } from "../Statement.ts"
import { removeConversation } from "./Removal.ts"

const columns = `id, agent_id, template, user_id, "key", title, ref, agent_ref, length, position,
  unended, fence, owner, lease_until, cancelling, created_at, last_turn_at`

const read = (row: Reader): ConversationRecord => ({
  id: row.text(),
  agentId: row.text(),
  template: row.text(),
  userId: row.owner(),
  key: row.text(),
  title: row.text(),
  ref: row.textOrNull(),
  agentRef: row.textOrNull(),
  length: row.int(),
  position: row.int(),
  unended: row.int(),
  fence: row.int(),
  owner: row.text(),
  leaseUntil: row.int(),
  cancelling: row.int(),
  createdAt: row.int(),
  lastTurnAt: row.intOrNull()
})

const first = readFirst("conversation", read)
const lease = readFirst("conversation", (row: Reader) => row.int())

export const makeConversationStore = (sql: Sql): ConversationStore => {
  const find = sql.read(
    `select ${columns} from conversations where tenant = ? and id = ? and ${CONFINED}`
  )
  const findKeyed = sql.read(
    `select ${columns} from conversations ${sql.dialect.indexedBy("conversations_key")}
     where tenant = ? and user_id = ? and agent_id = ? and "key" = ?`
  )
  const insert = sql.write(
    `insert into conversations (tenant, ${columns})
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`
  )
  const save = sql.write(
    `update conversations set template = ?, title = ?, ref = ?, agent_ref = ?, length = ?,
       position = ?, unended = ?, fence = ?, owner = ?, lease_until = ?, cancelling = ?,
       last_turn_at = ?
     where tenant = ? and id = ? and ${CONFINED}`
  )
  const advance = sql.change(
    `update conversations set length = length + ?, unended = unended - ?
     where tenant = ? and id = ? and ${CONFINED} and fence = ? and cancelling <> ?`
  )
  const fence = sql.read(
    `select fence from conversations where tenant = ? and id = ? and ${CONFINED}`
  )
  const remove = removeConversation(sql)
  const listing = {
    key: ["id"],
    read: readAll("conversation", read),
    cursor: (conversation: ConversationRecord) => conversation.id,
    place: byId
  }
  const all = pages(sql, {
    ...listing,
    select: `select ${columns} from conversations where tenant = ?`
  })
  const own = pages(sql, {
    ...listing,
    select: `select ${columns} from conversations ${sql.dialect.indexedBy("conversations_key")}
      where tenant = ? and user_id = ?`
  })
  return {
    resolve: Effect.fnUntraced(function* (scope, given) {
      if (!owns(scope, given.userId)) return given
      const key = [scope.tenantId, kept(given.userId), given.agentId, given.key]
      return yield* sql.within(
        Effect.gen(function* () {
          const found = yield* Effect.flatMap(findKeyed(key), first)
          if (Option.isSome(found)) return found.value
          const { agentId, agentRef, cancelling, createdAt, id, lastTurnAt, leaseUntil } = given
          const { fence, length, owner, position, ref, template, title, unended } = given
          yield* insert([
            ...[
              scope.tenantId,
              id,
              agentId,
              template,
              kept(given.userId),
              given.key,
              title.toWellFormed(),
              ref
            ],
            ...[agentRef, length, position, unended, fence, owner, leaseUntil, cancelling],
            ...[createdAt, lastTurnAt]
          ])
          // Somebody else's conversation may have the id: then nothing was stored, and nothing is told.
          const now = yield* Effect.flatMap(findKeyed(key), first)
          if (Option.isSome(now)) return now.value
          const taken = yield* Effect.flatMap(find([scope.tenantId, id, mine(scope)]), first)
          return Option.getOrElse(taken, () => given)
        })
      )
    }),
    find: (scope, id) => Effect.flatMap(find([scope.tenantId, id, mine(scope)]), first),
    list: (scope, by) =>
      ofUser(scope) ? own([scope.tenantId, mine(scope)], by) : all([scope.tenantId], by),
    save: (scope, c) =>
      Effect.asVoid(
        save([
          c.template,
          c.title.toWellFormed(),
          c.ref,
          c.agentRef,
          c.length,
          c.position,
          c.unended,
          c.fence,
          c.owner,
          c.leaseUntil,
          c.cancelling,
          c.lastTurnAt,
          scope.tenantId,
          c.id,
          mine(scope)
        ])
      ),
    advance: (scope, id, step) => {
      const it = [scope.tenantId, id, mine(scope)]
      return sql.within(
        Effect.flatMap(
          advance([step.stored, step.ends ? 1 : 0, ...it, step.fence, step.position]),
          (changed): Effect.Effect<Advanced, StorageError> =>
            changed > 0
              ? Effect.succeed("advanced")
              : Effect.map(Effect.flatMap(fence(it), lease), (found) => {
                  if (Option.isNone(found)) return "gone"
                  return found.value === step.fence ? "cancelled" : "fenced"
                })
        )
      )
    },
    delete: remove
  }
}

const unended = (sql: Sql, select: string) => {
  const list = pages<Unended>(sql, {
    select,
    key: ["tenant", "id"],
    read: readAll("conversation", (row) => ({
      tenantId: row.text(),
      userId: row.owner(),
      conversationId: row.text()
    })),
    cursor: (one) => pair(one.tenantId, one.conversationId),
    place: byPair
  })
  return (until: number, by: By) => list([until], by)
}

/** Reads every conversation: an index would be two pages more to write in every turn. */
export const listLeft = (sql: Sql) =>
  unended(
    sql,
    `select tenant, user_id, id from conversations
     where unended > 0 and owner <> '' and lease_until <= ?`
  )

/** Its index has the rows that wait for a person and no others, so a plain turn never writes to it. */
export const listDue = (sql: Sql) =>
  unended(
    sql,
    `select tenant, user_id, id from conversations ${sql.dialect.indexedBy("conversations_due")}
     where unended > 0 and owner = '' and lease_until <= ?`
  )
