/** Tries mutants on the rules. */
import { runRule, storageRules } from "@atrium/conformance"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type { Mutant } from "./Mutant.ts"

/** Takes seconds: run only against the mutants that name it. */
const slow = "STO-2e"
/** Enough for every rule but the slow one; one that hangs has failed. */
const timeoutMs = 10_000

const generated = /^ISO-[123] \w/

/** With ATRIUM_THOROUGH every mutant is tried on every rule, which takes a quarter of an hour. */
const thorough = process.env["ATRIUM_THOROUGH"] !== undefined

/** The rules that are near those which a mutant fails: of the same law, or made for its store. */
const isNear = ({ fails, ofMethod }: Mutant, id: string): boolean =>
  ofMethod === undefined
    ? fails.some((rule) => rule.split(" ").at(0)?.slice(0, 5) === id.slice(0, 5))
    : generated.test(id) && id.includes(` ${ofMethod.split(".")[0]}.`)

/** The rules that a mutant is tried on. */
const rulesFor = (mutant: Mutant) =>
  storageRules.filter(
    ({ applies, id }) =>
      (applies === undefined || applies({ reopen: mutant.subject.reopen })) &&
      (id === slow ? mutant.fails.includes(id) : true) &&
      (isNear(mutant, id) || (thorough && mutant.ofMethod === undefined))
  )

/** One seed, and nothing said of it when a rule fails, as it should. */
const quiet = Layer.merge(
  ConfigProvider.layer(ConfigProvider.fromUnknown({ ATRIUM_SEED: "mutants" })),
  Logger.layer([])
)

/** The rules that a mutant fails; with one seed, so that it is the same every time. */
const failedBy = Effect.fnUntraced(function* (mutant: Mutant) {
  const failed: Array<string> = []
  for (const rule of rulesFor(mutant)) {
    const limit = rule.id === slow ? 40_000 : timeoutMs
    const exit = yield* Effect.exit(runRule(rule, mutant.subject, limit))
    if (Exit.isFailure(exit)) failed.push(rule.id)
  }
  return failed
}, Effect.provide(quiet))

/** A test for each mutant: it fails the rules that are written beside it, and no others. */
export const tryMutants = (name: string, mutants: ReadonlyArray<Mutant>): void => {
  describe(`mutants: ${name}`, () => {
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
        180_000
      )
    }
  })
}
