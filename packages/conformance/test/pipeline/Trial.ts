/** Tries mutants on the rules of the pipeline. */
import { pipelineRules, runPipelineRule } from "@atrium/conformance"
import * as Effect from "effect/Effect"
import { breaks, lawOf, thorough, tryEach } from "../Trial.ts"
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

/** The rules that a mutant is tried on: those near the ones that it fails, of the same law. */
const rulesFor = ({ fails }: Mutant) =>
  pipelineRules.filter(({ id }) =>
    slow.has(id)
      ? fails.includes(id)
      : thorough || fails.some((failed) => lawOf(failed) === lawOf(id))
  )

/** The rules that a mutant fails. */
const failedBy = Effect.fnUntraced(function* (mutant: Mutant) {
  const failed: Array<string> = []
  for (const rule of rulesFor(mutant)) {
    const limit = slow.has(rule.id) ? 20_000 : timeoutMs
    if (yield* breaks(runPipelineRule(rule, mutant.subject, limit), limit)) failed.push(rule.id)
  }
  return failed
})

export const tryMutants = (name: string, mutants: ReadonlyArray<Mutant>): void =>
  tryEach(`mutants of the pipeline: ${name}`, mutants, failedBy, 200_000)
