/**
 * Takes up the turns that nobody runs: at boot those that a dead process left, and in rounds those
 * whose approval has expired, whose end could not be stored, or whose process died. A round costs what
 * it takes up, however many conversations there are and wait. The lease only says when; the fence
 * keeps it safe.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { TenantId, UserId } from "../ids.ts"
import { sealScope } from "../internal/sealed.ts"
import { allPages } from "../Page.ts"
import type { Unended } from "../storage/ConversationStore.ts"
import { Storage } from "../storage/Storage.ts"
import { leaseMs } from "./LeftTurns.ts"
import { type Doubt, TurnQueue } from "./TurnQueue.ts"

const doubtOf = ({ conversationId, tenantId, userId }: Unended): Doubt => {
  const user = Option.map(Option.fromNullishOr(userId), UserId)
  return { scope: sealScope(TenantId(tenantId), user, new Set()), conversationId }
}

export const layer: Layer.Layer<never, never, Storage | TurnQueue> = Layer.effectDiscard(
  Effect.gen(function* () {
    const { maintenance, owners } = yield* Storage
    const queue = yield* TurnQueue
    /** Whether what the processes before this one left is listed. */
    let begun = false

    /** Where one process owns the storage all leases are of dead ones at boot, and none is later. */
    const left = Effect.fnUntraced(function* (now: number) {
      if (owners === "one" && begun) return []
      const until = owners === "one" ? Number.MAX_SAFE_INTEGER : now
      return yield* allPages((by) => maintenance.listLeft(until, by))
    })

    const listed = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const found = [
        ...(yield* left(now)),
        ...(yield* allPages((by) => maintenance.listDue(now, by)))
      ]
      begun = true
      return found.map(doubtOf)
    }).pipe(
      Effect.catchCause((cause) =>
        Effect.as(Effect.logError("Unended turns could not be listed.", cause), [])
      )
    )

    const sweep = Effect.gen(function* () {
      // What fails is in doubt again, for the next round.
      const all = [...(yield* listed), ...queue.takeDoubts()]
      yield* Effect.forEach(
        all,
        ({ conversationId, scope }) =>
          queue
            .exclusively(
              scope,
              conversationId
            )(queue.takeUp(scope, conversationId))
            .pipe(
              Effect.catchCause((cause) =>
                Effect.logError("A conversation could not be taken up.", cause)
              )
            ),
        { concurrency: 16, discard: true }
      )
    })

    const renew = owners === "one" ? Effect.void : queue.renewLeases
    const round = Effect.andThen(renew, sweep)
    const rounds = yield* Effect.forkDetach(
      Effect.forever(Effect.andThen(round, Effect.sleep(leaseMs / 3)))
    )
    // What it has begun is waited for with everything else that the queue stores, and no longer.
    yield* Effect.addFinalizer(() => Effect.sync(() => rounds.interruptUnsafe()))
  })
)
