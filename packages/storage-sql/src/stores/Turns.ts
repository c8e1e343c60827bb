/** Turns and their facts. */

import { End, FactRecord, TurnRecord, type TurnStore } from "@atrium/core/storage/TurnStore"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { CONFINED, kept, mine } from "../Confine.ts"
import { decoding, type Reader, readAll, readFirst } from "../Reader.ts"
import type { Sql } from "../Statement.ts"
import { readUsage, USAGE, usageValues } from "../Usage.ts"

const own = `id, agent_id, position, "key", retry_of, scopes, sequence, stored, attempt, handed_back,
  draft, waiting, ${USAGE}, outcome, created_at, ended_at`
const columns = `conversation_id, user_id, ${own}`

const decodeEnd = decoding(End)
const decodeFacts = decoding(Schema.Array(FactRecord))

const decodeDraft = decoding(Schema.Json)
const decodeWaiting = decoding(TurnRecord.fields.waiting)

/** Most turns wait for nobody. */
const readWaiting = (row: Reader): TurnRecord["waiting"] => {
  const text = row.text()
  return text === "[]" ? [] : row.decoded<TurnRecord["waiting"]>(text, decodeWaiting, [])
}

const readDraft = (row: Reader): TurnRecord["draft"] => {
  const text = row.textOrNull()
  return text === null ? null : row.decoded<TurnRecord["draft"]>(text, decodeDraft, null)
}

const answered: End = { _tag: "Finished", stop: "answered" }
const answeredText = JSON.stringify(answered)

/** How a turn ended; null while it has not. Most turns end with an answer. */
const readEnd = (row: Reader): End | null => {
  const text = row.textOrNull()
  if (text === null) return null
  if (text === answeredText) return answered
  return row.decoded<End | null>(text, decodeEnd, null)
}

const read = (row: Reader): TurnRecord => ({
  conversationId: row.text(),
  userId: row.owner(),
  id: row.text(),
  agentId: row.text(),
  position: row.int(),
  key: row.textOrNull(),
  retryOf: row.textOrNull(),
  scopes: row.texts(),
  sequence: row.int(),
  stored: row.int(),
  attempt: row.int(),
  handedBack: row.int(),
  draft: readDraft(row),
  waiting: readWaiting(row),
  usage: readUsage(row),
  end: readEnd(row),
  createdAt: row.int(),
  endedAt: row.intOrNull()
})

const first = readFirst("turn", read)
const all = readAll("turn", read)

/** Of lines with one sequence, which only a repeated write leaves, the last one counts. */
const readFacts = readAll("turn", (row: Reader) => {
  const facts = new Map<number, FactRecord>()
  for (const line of row.text().split("\n")) {
    if (line.trim() === "") continue
    for (const fact of row.decoded(line, decodeFacts, [])) facts.set(fact.sequence, fact)
  }
  return [...facts.values()].sort((a, b) => a.sequence - b.sequence)
})

/**
 * Room for the facts of a plain turn, so that its row does not grow when it ends: a row that grows
 * moves others to other pages, and every page is one more to write.
 */
const room = " ".repeat(300)

export const makeTurnStore = (sql: Sql): TurnStore => {
  const { indexedBy } = sql.dialect
  const insert = sql.write(
    `insert into turns (tenant, conversation_id, user_id, ${own}, facts)
     select tenant, id, user_id, ${Array(20).fill("?").join(", ")}, '${room}' from conversations
     where tenant = ? and id = ? and user_id = ? and ${CONFINED} on conflict do nothing`
  )
  const byId = `from turns where tenant = ? and id = ? and ${CONFINED}`
  const find = sql.read(`select ${columns} ${byId}`)
  const findKeyed = sql.read(
    `select ${columns} from turns ${indexedBy("turns_key")}
     where tenant = ? and conversation_id = ? and "key" = ? and ${CONFINED} limit 1`
  )
  const unended = sql.read(
    `select ${columns} from turns ${indexedBy("turns_place")}
     where tenant = ? and conversation_id = ? and outcome is null and ${CONFINED}
     order by position desc
     limit coalesce((select nullif(unended, 0) from conversations where tenant = ? and id = ?), -1)`
  )
  const advance = sql.change(
    `update turns set sequence = ?, stored = ?, attempt = ?, handed_back = ?, draft = ?,
       waiting = ?, input = ?, cached = ?, output = ?, reasoning = ?, micro_usd = ?, outcome = ?, ended_at = ?,
       facts = rtrim(facts) || ?
     where tenant = ? and id = ? and ${CONFINED} and outcome is null`
  )
  const facts = sql.read(`select facts ${byId}`)
  return {
    insert: (scope, turn) =>
      Effect.asVoid(
        insert([
          turn.id,
          turn.agentId,
          turn.position,
          turn.key,
          turn.retryOf,
          JSON.stringify(turn.scopes),
          turn.sequence,
          turn.stored,
          turn.attempt,
          turn.handedBack,
          turn.draft === null ? null : JSON.stringify(turn.draft),
          JSON.stringify(turn.waiting),
          ...usageValues(turn.usage),
          turn.end === null ? null : JSON.stringify(turn.end),
          turn.createdAt,
          turn.endedAt,
          scope.tenantId,
          turn.conversationId,
          kept(turn.userId),
          mine(scope)
        ])
      ),
    find: (scope, id) => Effect.flatMap(find([scope.tenantId, id, mine(scope)]), first),
    findKeyed: (scope, conversationId, key) =>
      Effect.flatMap(findKeyed([scope.tenantId, conversationId, key, mine(scope)]), first),
    unended: (scope, conversationId) =>
      Effect.map(
        Effect.flatMap(
          unended([
            ...[scope.tenantId, conversationId, mine(scope)],
            ...[scope.tenantId, conversationId]
          ]),
          all
        ),
        (newestFirst) => newestFirst.toReversed()
      ),
    advance: (scope, turn, added) =>
      Effect.map(
        advance([
          turn.sequence,
          turn.stored,
          turn.attempt,
          turn.handedBack,
          turn.draft === null ? null : JSON.stringify(turn.draft),
          JSON.stringify(turn.waiting),
          ...usageValues(turn.usage),
          turn.end === null ? null : JSON.stringify(turn.end),
          turn.endedAt,
          added.length === 0 ? "" : `${JSON.stringify(added)}\n`,
          scope.tenantId,
          turn.id,
          mine(scope)
        ]),
        (rows) => rows > 0
      ),
    facts: (scope, turn, sequence) =>
      Effect.map(Effect.flatMap(facts([scope.tenantId, turn.id, mine(scope)]), readFacts), (rows) =>
        rows.flat().filter((fact) => fact.sequence >= sequence)
      )
  }
}
