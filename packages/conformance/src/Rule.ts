/** Rules are data: a law's number, a sentence, and a check that fails when the sentence is not true. */
import type * as Effect from "effect/Effect"

/**
 * A rule.
 * - `id`: the law's number, a letter where a law has several rules, and after a space the method
 *   where the rule was made for one: `TEN-2a`, `ISO-1 users.find`.
 * - `rows`: numbers of the project's checklist that the rule proves.
 * - `sentence`: what is true of everything that keeps the rule.
 * - `applies`: whether it concerns something with these capabilities; without it, it always does.
 * - `check`: self-contained, and fails with a message that says what was seen instead.
 */
export interface Rule<Capabilities, R> {
  readonly id: string
  readonly rows?: ReadonlyArray<string>
  readonly sentence: string
  readonly applies?: (capabilities: Capabilities) => boolean
  readonly check: Effect.Effect<void, unknown, R>
}

/** The name of a rule's test: `ISO-1 [084] users.find: written under ...`. */
export const nameOf = ({
  id,
  rows = [],
  sentence
}: Pick<Rule<never, never>, "id" | "rows" | "sentence">): string => {
  const [law = id, ...method] = id.split(" ")
  const proven = rows.map((row) => `[${row}]`).join("")
  return [law, proven, method.length === 0 ? sentence : `${method.join(" ")}: ${sentence}`]
    .filter((part) => part !== "")
    .join(" ")
}

/**
 * A rule that is known to fail: it is run all the same, must fail, and must be mended by `until`
 * (`YYYY-MM-DD`, the last day on which the reason is accepted).
 */
export interface KnownFailure {
  readonly rule: string
  readonly reason: string
  readonly until: string
}

const day = /^\d{4}-\d{2}-\d{2}$/

/** What is wrong with a list of known failures on the day of `now` (milliseconds since 1970). */
export const problemsOf = (
  known: ReadonlyArray<KnownFailure>,
  ids: ReadonlyArray<string>,
  now: number
): ReadonlyArray<string> =>
  known.flatMap(({ reason, rule, until }, index) => {
    const end = Date.parse(`${until}T23:59:59.999Z`)
    return [
      ids.includes(rule) ? [] : `no rule is called "${rule}"`,
      known.findIndex((other) => other.rule === rule) === index ? [] : `"${rule}" is named twice`,
      reason.trim() === "" ? `"${rule}" has no reason` : [],
      !day.test(until) || Number.isNaN(end)
        ? `"${rule}": until must be a date like 2026-12-31, not "${until}"`
        : end < now
          ? `"${rule}" was to be mended by ${until}: ${reason}`
          : []
    ].flat()
  })
