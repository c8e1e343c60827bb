/** Tries mutants on the rules of the pipeline. */
import { pipelineRules, runPipelineRule } from "@atrium/conformance"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import type { Mutant } from "./Mutant.ts"

/** Take seconds: run only against the mutants that name them. */
const slow = new Set([
  "ISO-1b",
  "ISO-2a",
  "ISO-4",
  "TRN-6b",
  "TRN-6k",
  "SRC-9",
  "TEN-2d",
  "TRN-2e",
  "TRN-6f",
  "TRN-11c"
])
/** Enough for every other rule; one that hangs has failed. */
const timeoutMs = 3000

/** With ATRIUM_THOROUGH every mutant is tried on every rule, which takes a quarter of an hour. */
const thorough = process.env["ATRIUM_THOROUGH"] !== undefined

const lawOf = (id: string) => id.slice(0, 5)

/** The rules that a mutant is tried on: those near the ones that it fails, of the same law. */
const rulesFor = ({ fails }: Mutant) =>
  pipelineRules.filter(({ id }) =>
    slow.has(id)
      ? fails.includes(id)
      : thorough || fails.some((failed) => lawOf(failed) === lawOf(id))
  )

/** Whether a check fails or does not end; one that cannot be interrupted is left behind. */
const breaks = Effect.fnUntraced(function* (check: Effect.Effect<void, unknown>, limit: number) {
  const fiber = yield* Effect.forkDetach(Effect.exit(check))
  const exit = yield* Effect.timeoutOption(Fiber.join(fiber), limit + 500)
  if (Option.isNone(exit)) fiber.interruptUnsafe()
  return Option.isNone(exit) || Exit.isFailure(exit.value)
})

/** One seed, and nothing said of it when a rule fails, as it should. */
const quiet = Layer.merge(
  ConfigProvider.layer(ConfigProvider.fromUnknown({ ATRIUM_SEED: "mutants" })),
  Logger.layer([])
)

const failedBy = Effect.fnUntraced(function* (mutant: Mutant) {
  const failed: Array<string> = []
  for (const rule of rulesFor(mutant)) {
    const limit = slow.has(rule.id) ? 20_000 : timeoutMs
    if (yield* breaks(runPipelineRule(rule, mutant.subject, limit), limit)) failed.push(rule.id)
  }
  return failed
}, Effect.provide(quiet))

/** A test for each mutant: it fails the rules that are written beside it, and no others. */
export const tryMutants = (name: string, mutants: ReadonlyArray<Mutant>): void => {
  describe(`mutants of the pipeline: ${name}`, () => {
    for (const mutant of mutants) {
      it.live(
        `${mutant.name}: fails ${mutant.fails.join(", ")}`,
        () =>
          Effect.map(failedBy(mutant), (failed) =>
            assert.deepStrictEqual(
              failed.filter((id) => mutant.mayFail?.includes(id) !== true).toSorted(),
              mutant.fails.toSorted()
            )
          ),
        200_000
      )
    }
  })
}
