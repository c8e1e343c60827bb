/** Registers rules as tests. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type KnownFailure, nameOf, problemsOf, type Rule } from "./Rule.ts"

/** Rules that are about one thing, and can be run alone by this name. */
export interface Chapter<Capabilities, R> {
  readonly name: string
  readonly rules: ReadonlyArray<Rule<Capabilities, R>>
}

/** Longest time a rule may take, in milliseconds. */
export const maximumMs = 60_000

/**
 * A suite: a `describe` for each chapter, a test for each rule that applies. A known failure is run
 * too and must fail; one that passes, is unknown or has outlived its date is an error.
 */
export const register = <Capabilities, R>(suite: {
  readonly name: string
  readonly chapters: ReadonlyArray<Chapter<Capabilities, R>>
  readonly capabilities: Capabilities
  readonly knownFailures: ReadonlyArray<KnownFailure>
  readonly run: (rule: Rule<Capabilities, R>) => Effect.Effect<void, unknown>
}): void => {
  describe(suite.name, () => {
    const chapters = suite.chapters.map(({ name, rules }) => ({
      name,
      rules: rules.filter(({ applies }) => applies === undefined || applies(suite.capabilities))
    }))
    const ids = chapters.flatMap(({ rules }) => rules.map(({ id }) => id))

    it.live("known failures have a rule, a reason and a day that has not passed", () =>
      Effect.map(Clock.currentTimeMillis, (now) =>
        assert.deepStrictEqual(problemsOf(suite.knownFailures, ids, now), [])
      )
    )

    for (const { name, rules } of chapters.filter(({ rules }) => rules.length > 0)) {
      describe(name, () => {
        for (const rule of rules) {
          const known = suite.knownFailures.find((failure) => failure.rule === rule.id)
          if (known === undefined) it.live(nameOf(rule), () => suite.run(rule), maximumMs)
          else {
            it.live(
              `${nameOf(rule)} (known to fail until ${known.until}: ${known.reason})`,
              () =>
                Effect.map(Effect.exit(suite.run(rule)), (exit) =>
                  assert.isTrue(
                    Exit.isFailure(exit),
                    "It passes: take it off the list of known failures."
                  )
                ),
              maximumMs
            )
          }
        }
      })
    }
  })
}
