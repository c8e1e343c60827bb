/** Tries mutants on the rules. */
import { runRule, storageRules } from "@atrium/conformance"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { lawOf, thorough, tryEach } from "../Trial.ts"
import type { Mutant } from "./Mutant.ts"

/** Takes seconds: run only against the mutants that name it. */
const slow = "STO-2e"
/** Enough for every rule but the slow one; one that hangs has failed. */
const timeoutMs = 10_000

const generated = /^ISO-[123] \w/

/** The rules that are near those which a mutant fails: of the same law, or made for its store. */
const isNear = ({ fails, ofMethod }: Mutant, id: string): boolean =>
  ofMethod === undefined
    ? fails.some((rule) => lawOf(rule) === lawOf(id))
    : generated.test(id) && id.includes(` ${ofMethod.split(".")[0]}.`)

/** The rules that a mutant is tried on. */
const rulesFor = (mutant: Mutant) =>
  storageRules.filter(
    ({ applies, id }) =>
      (applies === undefined || applies({ reopen: mutant.subject.reopen })) &&
      (id === slow ? mutant.fails.includes(id) : true) &&
      (isNear(mutant, id) || (thorough && mutant.ofMethod === undefined))
  )

/** The rules that a mutant fails. */
const failedBy = Effect.fnUntraced(function* (mutant: Mutant) {
  const failed: Array<string> = []
  for (const rule of rulesFor(mutant)) {
    const limit = rule.id === slow ? 40_000 : timeoutMs
    const exit = yield* Effect.exit(runRule(rule, mutant.subject, limit))
    if (Exit.isFailure(exit)) failed.push(rule.id)
  }
  return failed
})

export const tryMutants = (name: string, mutants: ReadonlyArray<Mutant>): void =>
  tryEach(`mutants: ${name}`, mutants, failedBy, 180_000)
