/** The kit is able to fail: every rule of backends has a broken one that it finds. */
import { backendRules, capabilitiesOf, nameOf, runBackendRule } from "@atrium/conformance"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Mutant } from "./backend/Mutant.ts"
import { mutants } from "./backend/Mutants.ts"
import { breaks, tryEach } from "./Trial.ts"

/** Enough for every rule; one that hangs has failed. */
const timeoutMs = 3000

/** The rules that a mutant fails. */
const failedBy = ({ subject }: Mutant) => {
  const capabilities = capabilitiesOf(subject)
  return Effect.map(
    Effect.filter(
      backendRules.filter(({ applies }) => applies?.(capabilities) ?? true),
      (rule) => breaks(runBackendRule(rule, subject, timeoutMs), timeoutMs),
      { concurrency: 5 }
    ),
    (broken) => broken.map(({ id }) => id)
  )
}

tryEach("mutants of backends", mutants, failedBy, 120_000)

describe("mutants of backends", () => {
  const found = new Set(mutants.flatMap(({ fails }) => fails))
  for (const rule of backendRules) {
    it(`is found by a mutant: ${nameOf(rule)}`, () => assert.isTrue(found.has(rule.id)))
  }
})
