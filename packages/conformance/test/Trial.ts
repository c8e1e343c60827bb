/** Tries mutants: each must fail the rules that are written beside it, and no others. */
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"

/**
 * What is broken on purpose.
 * - `name`: what is wrong with it. `fails`: every rule that it fails.
 */
export interface Broken {
  readonly name: string
  readonly fails: ReadonlyArray<string>
  /** Rules that it fails or not, as chance has it. */
  readonly mayFail?: ReadonlyArray<string>
}

/** With ATRIUM_THOROUGH every mutant is tried on every rule, which takes a quarter of an hour. */
export const thorough = process.env["ATRIUM_THOROUGH"] !== undefined

/** The law of a rule or of one of its cases: `TRN-1` of `TRN-1b`. */
export const lawOf = (id: string): string => id.slice(0, 5)

/** One seed, so that it is the same every time, and nothing said of a rule that fails, as it should. */
const quiet = Layer.merge(
  ConfigProvider.layer(ConfigProvider.fromUnknown({ ATRIUM_SEED: "mutants" })),
  Logger.layer([])
)

/** Whether a check fails or does not end; one that cannot be interrupted is left behind. */
export const breaks = Effect.fnUntraced(function* (
  check: Effect.Effect<void, unknown>,
  limit: number
) {
  const fiber = yield* Effect.forkDetach(Effect.exit(check))
  const exit = yield* Effect.timeoutOption(Fiber.join(fiber), limit + 500)
  if (Option.isNone(exit)) fiber.interruptUnsafe()
  return Option.isNone(exit) || Exit.isFailure(exit.value)
})

/**
 * A test for each mutant.
 * - `failedBy`: the rules that one fails. `timeoutMs`: enough for all that it is tried on.
 */
export const tryEach = <Mutant extends Broken>(
  name: string,
  mutants: ReadonlyArray<Mutant>,
  failedBy: (mutant: Mutant) => Effect.Effect<ReadonlyArray<string>>,
  timeoutMs: number
): void => {
  describe(name, () => {
    for (const mutant of mutants) {
      it.live(
        `${mutant.name}: fails ${mutant.fails.join(", ")}`,
        () =>
          Effect.map(failedBy(mutant), (failed) =>
            assert.deepStrictEqual(
              failed.filter((id) => mutant.mayFail?.includes(id) !== true).toSorted(),
              mutant.fails.toSorted()
            )
          ).pipe(Effect.provide(quiet)),
        timeoutMs
      )
    }
  })
}
