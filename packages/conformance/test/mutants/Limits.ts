/** Limiters that count wrongly. */
import * as Effect from "effect/Effect"
import { apart, exchange, type Mutant, mutant } from "./Mutant.ts"

const high = 1_000_000

export const limits: ReadonlyArray<Mutant> = [
  mutant("the window is a fixed one", ["TEN-2a", "TEN-2c", "TEN-2f", "TEN-2g"], (storage) => {
    const { limits } = storage.stores
    return exchange(storage, {
      limits: {
        take: (scope, of, rate, now) =>
          limits.take(scope, of, rate, Math.floor(now / rate.windowMs) * rate.windowMs)
      }
    })
  }),
  mutant("a refused turn is counted too", ["TEN-2a", "TEN-2b", "TEN-2f"], (storage) => {
    const { limits } = storage.stores
    return exchange(storage, {
      limits: {
        take: (scope, of, rate, now) =>
          Effect.flatMap(limits.left(scope, of, rate, now), ({ retryAfterMs }) =>
            Effect.as(limits.take(scope, of, { ...rate, turns: high }, now), retryAfterMs)
          )
      }
    })
  }),
  mutant(
    "all users of a tenant share one meter",
    [
      "ISO-2 limits.take",
      "ISO-2 limits.left",
      "ISO-5a",
      "ISO-5b",
      "ISO-5d",
      "TEN-2c",
      "TEN-2h",
      "TEN-2i"
    ],
    (storage) => {
      const { limits } = storage.stores
      return exchange(storage, {
        limits: {
          take: (scope, _of, rate, now) => limits.take(scope, "tenant", rate, now),
          left: (scope, _of, rate, now) => limits.left(scope, "tenant", rate, now)
        }
      })
    }
  ),
  mutant("it looks, gives way, and counts", ["TEN-2d"], (storage) => {
    const { limits } = storage.stores
    return exchange(storage, {
      limits: {
        take: Effect.fnUntraced(function* (scope, of, rate, now) {
          const { retryAfterMs } = yield* limits.left(scope, of, rate, now)
          if (retryAfterMs > 0) return retryAfterMs
          yield* Effect.yieldNow
          return yield* limits.take(scope, of, { ...rate, turns: high }, now)
        })
      }
    })
  }),
  mutant(
    "the time to wait is one millisecond short",
    ["TEN-2a", "TEN-2c", "TEN-2d", "TEN-2f", "TEN-2h", "TEN-2i"],
    (storage) => {
      const { limits } = storage.stores
      return exchange(storage, {
        limits: {
          take: (scope, of, rate, now) =>
            Effect.map(limits.take(scope, of, rate, now), (wait) => (wait > 1 ? wait - 1 : wait))
        }
      })
    }
  ),
  mutant("asking what is left counts", ["TEN-2g", "TEN-2j"], (storage) => {
    const { limits } = storage.stores
    return exchange(storage, {
      limits: {
        left: (scope, of, rate, now) =>
          Effect.tap(limits.left(scope, of, rate, now), () =>
            // Only on the default rate: every rule of isolation asks what is left.
            rate.turns === 10 ? limits.take(scope, of, rate, now) : Effect.void
          )
      }
    })
  }),
  mutant("the tenant's meter is its user's", ["ISO-5a", "TEN-2h"], (storage) => {
    const { limits } = storage.stores
    return exchange(storage, {
      limits: {
        take: (scope, _of, rate, now) => limits.take(scope, "user", rate, now),
        left: (scope, _of, rate, now) => limits.left(scope, "user", rate, now)
      }
    })
  }),
  mutant("nothing is purged", ["TEN-2i"], (storage) => ({
    ...storage,
    maintenance: { ...storage.maintenance, purgeLimits: () => Effect.succeed(0) }
  })),
  mutant("a purge does not stop at its limit", ["TEN-2i"], (storage) => ({
    ...storage,
    maintenance: {
      ...storage.maintenance,
      purgeLimits: (before) => storage.maintenance.purgeLimits(before, high)
    }
  })),
  mutant(
    "a turn is counted apart from its transaction",
    ["TEN-2j", "STO-1b", "STO-1c", "ADP-3", "STO-1i"],
    (storage) => {
      const { limits } = storage.stores
      return exchange(storage, {
        limits: { take: (scope, of, rate, now) => apart(limits.take(scope, of, rate, now)) }
      })
    }
  )
]
