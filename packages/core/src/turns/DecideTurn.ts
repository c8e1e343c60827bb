/** A person's decision about a tool call that a turn waits with. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type StorageError, TurnError } from "../errors.ts"
import type { Storage } from "../storage/Storage.ts"
import type { FactRecord, TurnRecord } from "../storage/TurnStore.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import type { TurnQueue } from "./TurnQueue.ts"
import { waitsUntil } from "./TurnReading.ts"

interface Parts {
  readonly storage: Storage["Service"]
  readonly queue: TurnQueue["Service"]
}

/** `by`: who decides. */
export interface Decision {
  readonly callId: string
  readonly approved: boolean
  readonly by: string
}

/**
 * Stores the decision; after the last one that is open the turn runs on, without its wait counting as
 * a run that died. Of two decisions about one call the first counts, the other is a `Conflict`; one
 * that comes after the request expired is `Gone`, and the call counts as denied.
 */
export const decideTurn = ({ queue, storage }: Parts) => {
  const { conversations, turns } = storage.stores

  const store = Effect.fnUntraced(function* (
    scope: TenantScope,
    id: string,
    { approved, by, callId }: Decision
  ) {
    const now = yield* Clock.currentTimeMillis
    const turn = Option.getOrUndefined(yield* turns.find(scope, id))
    if (turn === undefined) return yield* TurnError.because({ _tag: "NotFound", what: "turn" })
    const open = turn.waiting.find((waiting) => waiting.callId === callId)
    if (open === undefined) {
      return yield* (yield* wasAsked(scope, turn, callId))
        ? TurnError.because(
            { _tag: "Conflict", what: "tool call", revision: null },
            "This call was decided already, or its turn has ended."
          )
        : TurnError.because({ _tag: "NotFound", what: "tool call" })
    }
    if (open.expiresAt <= now) {
      return yield* TurnError.because(
        { _tag: "Gone", what: "request for approval" },
        "The request for approval has expired; the call counts as denied."
      )
    }
    const sequence = turn.sequence + 1
    const fact: FactRecord = {
      _tag: "ApprovalResolved",
      sequence,
      at: now,
      callId,
      approved,
      by
    }
    const waiting = turn.waiting.filter((other) => other !== open)
    yield* turns.advance(scope, { ...turn, sequence, waiting }, [fact])
    // Whoever dies now, somebody looks at the conversation when there is something to do.
    const found = Option.getOrUndefined(yield* conversations.find(scope, turn.conversationId))
    if (found?.owner === "") {
      yield* conversations.save(scope, { ...found, leaseUntil: waitsUntil(waiting) })
    }
    return waiting.length === 0
  })

  const wasAsked = (scope: TenantScope, turn: TurnRecord, callId: string) =>
    Effect.map(turns.facts(scope, turn, 2), (facts) =>
      facts.some((fact) => fact._tag === "ApprovalRequested" && fact.callId === callId)
    )

  return (
    scope: TenantScope,
    conversationId: string,
    id: string,
    decision: Decision
  ): Effect.Effect<void, TurnError | StorageError> =>
    Effect.gen(function* () {
      if (!(yield* storage.transact(store(scope, id, decision)))) return
      yield* queue.takeUp(scope, conversationId).pipe(
        // The decision stands; the next round of leases takes the turn up.
        Effect.catchCause((cause) =>
          Effect.logWarning("A decided turn could not be taken up yet.", cause)
        )
      )
    }).pipe(queue.exclusively(scope, conversationId))
}
