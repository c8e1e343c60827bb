/** What is left of the caller's rates. Counting itself is part of a turn's begin. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Definitions } from "../agents/Definitions.ts"
import { asTenancyError, type TenancyError } from "../errors.ts"
import { Storage } from "../storage/Storage.ts"
import { userWith } from "./Permissions.ts"
import type { Meter } from "./Plan.ts"
import type { Principal } from "./Principal.ts"

/** `tenant` is there where the plan limits the whole tenant. */
export interface Left {
  readonly user: Meter
  readonly tenant?: Meter
}

export class Limits extends Context.Service<
  Limits,
  {
    /** Reads the meters; counts nothing. Needs `turns` and a user. */
    readonly left: Effect.Effect<Left, TenancyError, Principal>
  }
>()("@atrium/core/tenancy/Limits") {
  /** Logs are purged a window after their user's last turn, so an idle user costs nothing. */
  static readonly layer: Layer.Layer<Limits, never, Storage | Definitions> = Layer.effect(
    Limits,
    Effect.gen(function* () {
      const storage = yield* Storage
      const definitions = yield* Definitions
      const { limits } = storage.stores
      const purge = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        let removed: number
        do {
          removed = yield* storage.maintenance.purgeLimits(
            now - definitions.longestWindowMs,
            purgeBatch
          )
        } while (removed === purgeBatch)
      }).pipe(
        Effect.catchCause((cause) => Effect.logWarning("Idle limits could not be purged.", cause))
      )
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(purgeEveryMs), purge)))
      return Limits.of({
        left: Effect.gen(function* () {
          const { caller } = yield* userWith("turns")
          const plan = yield* definitions.plan(caller)
          const now = yield* Clock.currentTimeMillis
          return yield* storage.transact(
            Effect.gen(function* () {
              const user = yield* limits.left(caller, "user", plan.user, now)
              if (plan.tenant === undefined) return { user }
              return { user, tenant: yield* limits.left(caller, "tenant", plan.tenant, now) }
            })
          )
        }).pipe(asTenancyError, Effect.withSpan("Limits.left"))
      })
    })
  )
}

const purgeEveryMs = 60_000
const purgeBatch = 1000
