/** Random interleavings that can be repeated: a fiber gives way at random, and the seed is told. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"

/** Gives way to other fibers none to three times. */
export const jitter: Effect.Effect<void> = Effect.flatMap(Random.nextIntBetween(0, 3), (times) =>
  Effect.replicateEffect(Effect.yieldNow, times, { discard: true })
)

/** Lets every fiber that can go on go on, for as long as steps without a wait can take. */
export const settle: Effect.Effect<void> = Effect.replicateEffect(Effect.yieldNow, 200, {
  discard: true
})

/**
 * Runs `self` with `runs` seeds, one after another; prints the seed of one that fails. The
 * environment's ATRIUM_SEED runs it with that seed only.
 */
export const seeded = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  runs = 1
): Effect.Effect<void, E | Config.ConfigError, R> =>
  Effect.gen(function* () {
    const given = yield* Config.option(Config.String("ATRIUM_SEED"))
    const seeds = Option.isSome(given)
      ? [given.value]
      : yield* Effect.replicateEffect(
          Effect.map(Random.nextIntBetween(0, 2 ** 31), (seed) => `${seed}`),
          runs
        )
    for (const seed of seeds) {
      yield* self.pipe(
        Random.withSeed(seed),
        Effect.onError(() => Effect.logError(`Failed with ATRIUM_SEED=${seed}`))
      )
    }
  })

/** Runs all of `tasks` at once and collects what they answer. */
export const atOnce = <A, E, R>(
  tasks: ReadonlyArray<Effect.Effect<A, E, R>>
): Effect.Effect<ReadonlyArray<A>, E, R> => Effect.all(tasks, { concurrency: "unbounded" })

/** Numbers from 0 to `n` - 1. */
export const range = (n: number): ReadonlyArray<number> => Array.from({ length: n }, (_, i) => i)
