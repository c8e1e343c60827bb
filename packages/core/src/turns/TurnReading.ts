/** A turn as the store knows it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Message } from "../conversations/Message.ts"
import { StorageError } from "../errors.ts"
import { ConversationId, TurnId } from "../ids.ts"
import type { Storage } from "../storage/Storage.ts"
import type { FactRecord, TurnRecord } from "../storage/TurnStore.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import type { Origin } from "./LiveTurn.ts"
import type { Turn, TurnState } from "./Turn.ts"
import type { TurnFact } from "./TurnFact.ts"

/** The public side of a record. `running`: whether it is the one that runs now. */
export const turnOf = (record: TurnRecord, running: boolean): Turn => ({
  id: TurnId(record.id),
  conversationId: ConversationId(record.conversationId),
  retryOf: Option.map(Option.fromNullishOr(record.retryOf), TurnId),
  state: stateOf(record, running)
})

const stateOf = (record: TurnRecord, running: boolean): TurnState => {
  if (record.end !== null) return record.end._tag === "Finished" ? "finished" : "failed"
  if (record.waiting.length > 0) return "waiting"
  return running ? "running" : "queued"
}

/** True while the turn waits for a person; an expired request counts as denied. */
export const isWaiting = ({ waiting }: TurnRecord, now: number): boolean =>
  waiting.some(({ expiresAt }) => expiresAt > now)

/** When the last of these requests for approval expires; 0 when none is left. */
export const waitsUntil = (waiting: TurnRecord["waiting"]): number =>
  waiting.reduce((until, { expiresAt }) => Math.max(until, expiresAt), 0)

/** The turn with every request for approval resolved that stood too long: as denied. */
export const expired = (
  turn: TurnRecord,
  now: number
): { readonly turn: TurnRecord; readonly facts: ReadonlyArray<FactRecord> } => {
  const over = turn.waiting.filter(({ expiresAt }) => expiresAt <= now)
  return {
    turn: {
      ...turn,
      sequence: turn.sequence + over.length,
      waiting: turn.waiting.filter(({ expiresAt }) => expiresAt > now)
    },
    facts: over.map(({ callId }, i) => ({
      _tag: "ApprovalResolved",
      sequence: turn.sequence + 1 + i,
      at: now,
      callId,
      approved: false,
      by: "expiry"
    }))
  }
}

/** The first fact, which the turn's own row tells. */
export const startedFact = (record: TurnRecord, input: Message): TurnFact => ({
  _tag: "TurnStarted",
  sequence: 1,
  at: record.createdAt,
  turnId: record.id,
  conversationId: record.conversationId,
  agentId: record.agentId,
  input
})

export interface StoredTurn {
  readonly input: Message
  /** From `TurnStarted` on, without a gap. */
  readonly facts: ReadonlyArray<TurnFact>
  readonly origins: ReadonlyMap<number, Origin>
}

/** Everything that is stored of a turn. Run it inside a transaction. */
export const readTurn = Effect.fnUntraced(function* (
  { messages, turns }: Storage["Service"]["stores"],
  scope: TenantScope,
  record: TurnRecord
): Effect.fn.Return<StoredTurn, StorageError> {
  const stored = yield* messages.ofTurn(scope, record.conversationId, record.position)
  const rows = yield* turns.facts(scope, record, 2)
  const byId = new Map(stored.map((message) => [message.id, message]))
  const [input] = stored
  if (input === undefined) return yield* malformed
  const facts: Array<TurnFact> = [startedFact(record, input)]
  const origins = new Map<number, Origin>()
  for (const row of rows) {
    const fact = join(row, byId)
    if (fact === undefined || fact.sequence !== facts.length + 1) return yield* malformed
    if (row._tag === "MessageStored") {
      origins.set(row.sequence, { attempt: row.attempt, began: row.began })
    }
    facts.push(fact)
  }
  return { input, facts, origins }
})

const malformed = StorageError.because({ _tag: "Malformed", what: "A stored turn" })

/** The fact with its message put back. */
const join = (row: FactRecord, byId: ReadonlyMap<string, Message>): TurnFact | undefined => {
  if (row._tag !== "MessageStored") return row
  const message = byId.get(row.messageId)
  return message && { _tag: "MessageStored", sequence: row.sequence, at: row.at, message }
}
