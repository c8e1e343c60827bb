/** The kit is able to fail: every rule of backends has a broken one that it finds. */
import { backendRules, capabilitiesOf, nameOf, runBackendRule } from "@atrium/conformance"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { mutants } from "./backend/Mutants.ts"

/** Enough for every rule; one that hangs has failed. */
const timeoutMs = 3000

/** Whether a check fails or does not end; one that cannot be interrupted is left behind. */
const breaks = Effect.fnUntraced(function* (check: Effect.Effect<void, unknown>) {
  const fiber = yield* Effect.forkDetach(Effect.exit(check))
  const exit = yield* Effect.timeoutOption(Fiber.join(fiber), timeoutMs + 500)
  if (Option.isNone(exit)) fiber.interruptUnsafe()
  return Option.isNone(exit) || Exit.isFailure(exit.value)
})

describe("mutants of backends", () => {
  for (const mutant of mutants) {
    it.live(
      `${mutant.name}: fails ${mutant.fails.join(", ")}`,
      () =>
        Effect.gen(function* () {
          const capabilities = capabilitiesOf(mutant.subject)
          const broken = yield* Effect.filter(
            backendRules.filter(({ applies }) => applies?.(capabilities) ?? true),
            (rule) => breaks(runBackendRule(rule, mutant.subject, timeoutMs)),
            { concurrency: 5 }
          )
          const failed = broken.map(({ id }) => id)
          assert.deepStrictEqual(failed.toSorted(), mutant.fails.toSorted())
        }),
      120_000
    )
  }

  const found = new Set(mutants.flatMap(({ fails }) => fails))
  for (const rule of backendRules) {
    it(`is found by a mutant: ${nameOf(rule)}`, () => assert.isTrue(found.has(rule.id)))
  }
})
