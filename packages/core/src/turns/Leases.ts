/**
 * Takes up the turns that nobody runs: at boot, and whenever a lease has run out or an end could not
 * be stored. The lease only says when; the fence keeps it safe.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { TenantId, UserId } from "../ids.ts"
import { sealScope } from "../internal/sealed.ts"
import { allPages } from "../Page.ts"
import { Storage } from "../storage/Storage.ts"
import { leaseMs } from "./LeftTurns.ts"
import { TurnQueue } from "./TurnQueue.ts"

export const layer: Layer.Layer<never, never, Storage | TurnQueue> = Layer.effectDiscard(
  Effect.gen(function* () {
    const storage = yield* Storage
    const queue = yield* TurnQueue

    const sweep = Effect.gen(function* () {
      const left = yield* allPages(storage.maintenance.listUnended)
      yield* Effect.forEach(
        left,
        ({ conversationId, tenantId, userId }) =>
          Effect.suspend(() => {
            const user = Option.map(Option.fromNullishOr(userId), UserId)
            const scope = sealScope(TenantId(tenantId), user, new Set())
            return queue.exclusively(scope, conversationId)(queue.takeUp(scope, conversationId))
          }).pipe(
            Effect.catchCause((cause) =>
              Effect.logError("A conversation could not be taken up.", cause)
            )
          ),
        { concurrency: 16, discard: true }
      )
    }).pipe(
      Effect.catchCause((cause) => Effect.logError("Unended turns could not be listed.", cause))
    )

    // Also where this process owns the storage: a turn whose end could not be stored is left, too.
    const renew = storage.owners === "one" ? Effect.void : queue.renewLeases
    const round = Effect.andThen(sweep, renew)
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(round, Effect.sleep(leaseMs / 3))))
  })
)
