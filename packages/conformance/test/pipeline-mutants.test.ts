/** The kit is able to fail: every rule of the pipeline has a broken pair that it finds. */
import { nameOf, pipelineRules } from "@atrium/conformance"
import { assert, it } from "@effect/vitest"
import { mutants } from "./pipeline/Mutants.ts"

const found = new Set(mutants.flatMap(({ fails }) => fails))
for (const rule of pipelineRules) {
  it(`is found by a mutant: ${nameOf(rule)}`, () => assert.isTrue(found.has(rule.id)))
}
