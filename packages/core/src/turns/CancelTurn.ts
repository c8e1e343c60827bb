/** Cancel against commit: whoever commits first wins [TRN-6]. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type StorageError, TurnError } from "../errors.ts"
import type { Storage } from "../storage/Storage.ts"
import type { TurnRecord } from "../storage/TurnStore.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import type { TurnFact } from "./TurnFact.ts"
import type { TurnQueue } from "./TurnQueue.ts"

interface Parts {
  readonly storage: Storage["Service"]
  readonly queue: TurnQueue["Service"]
}

/**
 * Cancels a turn of the scope. A running one is marked, so that its next commit is refused, and
 * stopped; its partial text is kept. One that waits in the queue or for a decision is ended here.
 * Returns when the turn has ended, or, where another process runs it, when it is marked.
 */
export const cancelTurn =
  ({ queue, storage }: Parts) =>
  (
    scope: TenantScope,
    conversationId: string,
    id: string
  ): Effect.Effect<void, TurnError | StorageError> =>
    Effect.gen(function* () {
      const at = yield* Clock.currentTimeMillis
      const { conversations, turns } = storage.stores
      const ended = yield* storage.transact(
        Effect.gen(function* () {
          const turn = Option.getOrUndefined(yield* turns.find(scope, id))
          if (turn === undefined)
            return yield* TurnError.because({ _tag: "NotFound", what: "turn" })
          const conversation = Option.getOrUndefined(
            yield* conversations.find(scope, turn.conversationId)
          )
          if (conversation === undefined) {
            return yield* TurnError.because({ _tag: "Gone", what: "conversation" })
          }
          if (turn.end !== null) {
            return yield* TurnError.because(
              { _tag: "Conflict", what: "turn", revision: null },
              "The turn has ended already."
            )
          }
          const [first] = yield* turns.unended(scope, turn.conversationId)
          if (first?.id === id && turn.waiting.length === 0) {
            yield* conversations.save(scope, { ...conversation, cancelling: turn.position })
            return undefined
          }
          const { facts, turn: over } = cancelledInQueue(turn, at)
          yield* turns.advance(scope, over, facts)
          yield* conversations.save(scope, {
            ...conversation,
            unended: conversation.unended - 1
          })
          return { facts, turn: over }
        })
      )
      const job = queue.find(scope, id)
      if (job === undefined) return undefined
      if (ended !== undefined) {
        job.turn = ended.turn
        job.live.store(ended.facts)
      }
      // What is marked is stopped, also when the canceller leaves now.
      queue.stop(job)
      return job
    }).pipe(
      queue.exclusively(scope, conversationId),
      Effect.flatMap((job) => (job === undefined ? Effect.void : queue.done(job)))
    )

type Ending = Extract<TurnFact, { readonly _tag: "TurnFinished" }>

const cancelledInQueue = (
  turn: TurnRecord,
  at: number
): { readonly turn: TurnRecord; readonly facts: ReadonlyArray<Ending> } => {
  const sequence = turn.sequence + 1
  return {
    turn: {
      ...turn,
      sequence,
      waiting: [],
      end: { _tag: "Finished", stop: "cancelled" },
      endedAt: at
    },
    facts: [{ _tag: "TurnFinished", sequence, at, stop: "cancelled", usage: turn.usage }]
  }
}
