/** Turns and their facts. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Reason, type StorageError } from "../errors.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { StopReason } from "../turns/Turn.ts"
import * as Fact from "../turns/TurnFact.ts"
import { Usage } from "../turns/Usage.ts"
import { owns } from "./Confine.ts"
import { type KeyValueDriver, type Transaction, within } from "./KeyValue.ts"
import { own as ownConversation } from "./OwnConversation.ts"
import { everything, padded, table } from "./Table.ts"

const S = Schema.String
const N = Schema.Int

/** How a turn ended. */
export const End = Schema.Union([
  Schema.TaggedStruct("Finished", { stop: StopReason }),
  Schema.TaggedStruct("Failed", { reason: Reason, message: S })
])
export type End = typeof End.Type

/**
 * A turn as it is kept.
 * - `key`: the caller's id of the send, unique in its conversation, or null.
 * - `scopes`: what its caller may do; a claim that is renewed when the turn runs later.
 * - `sequence`: that of its newest fact. `stored`: its messages. `attempt`: runs before this one.
 * - `handedBack`: of those runs, the ones that ended in order: for a shutdown, or to wait for a person.
 * - `draft`: what the backend keeps of a step that it has begun, or null; gone with the next commit.
 * - `waiting`: calls that wait for a person's decision. `end`, `endedAt`: null until it ended.
 */
export const TurnRecord = Schema.Struct({
  id: S,
  conversationId: S,
  agentId: S,
  userId: Schema.NullOr(S),
  position: N,
  key: Schema.NullOr(S),
  retryOf: Schema.NullOr(S),
  scopes: Schema.Array(S),
  sequence: N,
  stored: N,
  attempt: N,
  handedBack: N,
  draft: Schema.NullOr(Schema.Json),
  waiting: Schema.Array(Schema.Struct({ callId: S, expiresAt: N })),
  usage: Usage,
  end: Schema.NullOr(End),
  createdAt: N,
  endedAt: Schema.NullOr(N)
})
export type TurnRecord = typeof TurnRecord.Type

/**
 * A fact as it is kept: a stored message is named, so that no text is kept twice. `attempt`:
 * the one whose deltas are its text, and `began` the sequence when the first of them was written, so
 * that a reader who stopped inside another text is told to forget it [TRN-2].
 */
export const FactRecord = Schema.Union([
  Fact.ModelCalled,
  Fact.ToolStarted,
  Fact.ToolFinished,
  Fact.ApprovalRequested,
  Fact.ApprovalResolved,
  Fact.BlockEdited,
  Fact.TurnFinished,
  Fact.TurnFailed,
  Schema.TaggedStruct("MessageStored", { sequence: N, at: N, messageId: S, attempt: N, began: N })
])
export type FactRecord = typeof FactRecord.Type

/** A scope with a user sees that user's turns only. */
export interface TurnStore {
  /**
   * Writes a new turn of a conversation that is the scope's; nothing where its id, its key or its
   * place among the unended is taken.
   */
  readonly insert: (scope: TenantScope, turn: TurnRecord) => Effect.Effect<void, StorageError>
  readonly find: (
    scope: TenantScope,
    id: string
  ) => Effect.Effect<Option.Option<TurnRecord>, StorageError>
  /** The turn that was sent with `key`. */
  readonly findKeyed: (
    scope: TenantScope,
    conversationId: string,
    key: string
  ) => Effect.Effect<Option.Option<TurnRecord>, StorageError>
  /** The unended turns of a conversation, in order. */
  readonly unended: (
    scope: TenantScope,
    conversationId: string
  ) => Effect.Effect<ReadonlyArray<TurnRecord>, StorageError>
  /**
   * Writes the turn, whole, and appends `facts` [TRN-1]. Where it is not there, or has ended, it
   * writes nothing and answers false: a turn has one end, whoever comes second.
   */
  readonly advance: (
    scope: TenantScope,
    turn: TurnRecord,
    facts: ReadonlyArray<FactRecord>
  ) => Effect.Effect<boolean, StorageError>
  /** The facts with at least this sequence, in order, but for `TurnStarted`, which the turn tells. */
  readonly facts: (
    scope: TenantScope,
    turn: TurnRecord,
    sequence: number
  ) => Effect.Effect<ReadonlyArray<FactRecord>, StorageError>
}

const turns = table("turn", TurnRecord)
const keyed = table("turn-key", S)
const ofConversation = table("turn-of", S)
const open = table("turn-unended", S)
const factRows = table("fact", FactRecord)

const own = (tx: Transaction, scope: TenantScope, id: string) =>
  Effect.map(
    turns.get(tx, [scope.tenantId, id]),
    Option.filter((turn) => owns(scope, turn.userId))
  )

export const makeTurnStore = (driver: KeyValueDriver): TurnStore => ({
  insert: (scope, turn) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx) {
        const conversation = yield* ownConversation(tx, scope, turn.conversationId)
        if (Option.isNone(conversation) || conversation.value.userId !== turn.userId) return
        const of = [scope.tenantId, turn.conversationId]
        const at = [...of, padded(turn.position)]
        if (Option.isSome(yield* turns.get(tx, [scope.tenantId, turn.id]))) return
        if (Option.isSome(yield* open.get(tx, at))) return
        if (turn.key !== null && Option.isSome(yield* keyed.get(tx, [...of, turn.key]))) return
        turns.set(tx, [scope.tenantId, turn.id], turn)
        if (turn.key !== null) keyed.set(tx, [...of, turn.key], turn.id)
        ofConversation.set(tx, [...of, turn.id], turn.id)
        open.set(tx, at, turn.id)
      })
    ),
  find: (scope, id) => within(driver, (tx) => own(tx, scope, id)),
  findKeyed: (scope, conversationId, key) =>
    within(driver, (tx) =>
      Effect.flatMap(keyed.get(tx, [scope.tenantId, conversationId, key]), (id) =>
        Option.isNone(id) ? Effect.succeedNone : own(tx, scope, id.value)
      )
    ),
  unended: (scope, conversationId) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx) {
        const rows = yield* everything(open, tx, [scope.tenantId, conversationId])
        const found = yield* Effect.forEach(rows, ({ record }) => own(tx, scope, record))
        return found.flatMap(Option.toArray)
      })
    ),
  advance: (scope, turn, facts) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx) {
        const before = yield* own(tx, scope, turn.id)
        if (Option.isNone(before) || before.value.end !== null) return false
        turns.set(tx, [scope.tenantId, turn.id], turn)
        if (turn.end !== null) {
          open.remove(tx, [scope.tenantId, turn.conversationId, padded(turn.position)])
        }
        for (const fact of facts) {
          factRows.set(tx, [scope.tenantId, turn.id, padded(fact.sequence)], fact)
        }
        return true
      })
    ),
  facts: (scope, turn, sequence) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx) {
        if (Option.isNone(yield* own(tx, scope, turn.id))) return []
        const rows = yield* everything(factRows, tx, [scope.tenantId, turn.id])
        return rows.flatMap(({ record }) => (record.sequence >= sequence ? record : []))
      })
    )
})

/** Removes the turns of a conversation with all that belongs to them. */
export const removeTurns = Effect.fnUntraced(function* (
  tx: Transaction,
  scope: TenantScope,
  conversationId: string
): Effect.fn.Return<void, StorageError> {
  const of = [scope.tenantId, conversationId]
  for (const { record: id } of yield* everything(ofConversation, tx, of)) {
    const turn = yield* turns.get(tx, [scope.tenantId, id])
    if (Option.isSome(turn)) {
      if (turn.value.key !== null) keyed.remove(tx, [...of, turn.value.key])
      open.remove(tx, [...of, padded(turn.value.position)])
    }
    for (const { rest } of yield* everything(factRows, tx, [scope.tenantId, id])) {
      factRows.remove(tx, [scope.tenantId, id, rest])
    }
    turns.remove(tx, [scope.tenantId, id])
    ofConversation.remove(tx, [...of, id])
  }
})
