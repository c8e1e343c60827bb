/** The transcript. A message is written once and never rewritten. */
import { type Message, Part } from "@atrium/core/conversations/Message"
import type { MessageRecord, MessageStore } from "@atrium/core/storage/MessageStore"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { CONFINED, kept, mine } from "../Confine.ts"
import { pages } from "../Pages.ts"
import { decoding, type Reader, readAll } from "../Reader.ts"
import { LIMIT, type Sql, type Value, writeEach } from "../Statement.ts"

const columns = "position, place, id, role, body, parts, turn_id, at, partial"
const roles = ["user", "assistant", "tool", "summary"] as const
const decodeParts = decoding(Schema.Array(Part))

/** A message and where it stands. */
interface Placed {
  readonly position: number
  readonly place: number
  readonly message: Message
}

/** Of `body` and `parts` one is null: most messages are one text, which is kept as it is. */
const readParts = (row: Reader): Message["parts"] => {
  const text = row.textOrNull()
  if (text === null) return row.json(decodeParts, [])
  const parts = row.textOrNull()
  return parts === null ? [{ _tag: "Text", text }] : row.refuse([])
}

const read = (row: Reader): Placed => ({
  position: row.int(),
  place: row.int(),
  message: {
    id: row.text(),
    role: row.word(roles, "user"),
    parts: readParts(row),
    turnId: row.text(),
    at: row.int(),
    partial: row.flag()
  }
})

const readPlaced = readAll("message", read)
const readMessages = readAll("message", (row: Reader) => read(row).message)

/** The text of a message that is one text which a column holds unchanged, or null. */
const bodyOf = ([part, more]: Message["parts"]): string | null =>
  part?._tag === "Text" &&
  more === undefined &&
  part.text.isWellFormed() &&
  !part.text.includes("\u0000")
    ? part.text
    : null

const valuesOf = (scope: TenantScope, record: MessageRecord): ReadonlyArray<Value> => {
  const { at, id, partial, parts, role, turnId } = record.message
  const body = bodyOf(parts)
  return [
    record.position,
    record.index,
    id,
    role,
    body,
    body === null ? JSON.stringify(parts) : null,
    turnId,
    at,
    partial ? 1 : 0,
    scope.tenantId,
    record.conversationId,
    kept(record.userId),
    mine(scope)
  ]
}

const cursorOf = ({ place, position }: Placed): string => `${position}.${place}`

/** The place a cursor stands for; `undefined` for anything a page did not give. */
const placeOf = (cursor: string): ReadonlyArray<Value> | undefined => {
  const found = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor)
  return found === null ? undefined : [Number(found[1]), Number(found[2])]
}

export const makeMessageStore = (sql: Sql): MessageStore => {
  const insert = sql.write(
    `insert into messages (tenant, conversation_id, user_id, ${columns})
     select tenant, id, user_id, ?, ?, ?, ?, ?, ?, ?, ?, ? from conversations
     where tenant = ? and id = ? and user_id = ? and ${CONFINED} on conflict do nothing`
  )
  const own = `from messages where tenant = ? and conversation_id = ? and ${CONFINED}`
  const list = pages(sql, {
    select: `select ${columns} ${own}`,
    key: ["position", "place"],
    read: readPlaced,
    cursor: cursorOf,
    place: placeOf
  })
  const ofTurn = sql.read(`select ${columns} ${own} and position = ? order by place`)
  const recent = sql.read(
    `select ${columns} ${own} and position < ? and position not in
       (select position from skips where tenant = ? and conversation_id = ? and ${CONFINED})
     order by position desc, place desc ${LIMIT}`
  )
  const skip = sql.write(
    `insert into skips (tenant, conversation_id, position, user_id)
     select tenant, conversation_id, position, user_id ${own} and position = ? and place = 0
     on conflict do nothing`
  )
  return {
    append: (scope, records) =>
      writeEach(
        sql,
        insert,
        records.map((record) => valuesOf(scope, record))
      ),
    list: (scope, conversationId, by) =>
      Effect.map(list([scope.tenantId, conversationId, mine(scope)], by), ({ items, next }) => ({
        items: items.map(({ message }) => message),
        next
      })),
    ofTurn: (scope, conversationId, position) =>
      Effect.flatMap(ofTurn([scope.tenantId, conversationId, mine(scope), position]), readMessages),
    recent: (scope, conversationId, position, limit) => {
      const of = [scope.tenantId, conversationId, mine(scope)]
      return Effect.map(
        Effect.flatMap(
          recent([...of, position, ...of, Math.max(0, Math.floor(limit))]),
          readMessages
        ),
        (newestFirst) => newestFirst.toReversed()
      )
    },
    skip: (scope, conversationId, position) =>
      Effect.asVoid(skip([scope.tenantId, conversationId, mine(scope), position]))
  }
}
