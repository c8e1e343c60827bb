/** The kill test can fail: broken houses are caught, and a sound one is not. */
import { assert, describe, it } from "@effect/vitest"
import { live, type Plan } from "../src/Life.ts"
import type { Mutant } from "../src/Script.ts"

const busy: Omit<Plan, "seed" | "storage" | "mutant"> = { inFlight: 20, steps: 8, kills: 3 }

/** What each of them does, as the verdict says it. */
const mutants: ReadonlyArray<readonly [Mutant, sign: RegExp]> = [
  ["early-ack", /was turn .* and is now|the turn is gone|but .* stored/],
  ["torn-commit", /unexpected shape|does not begin|counts|is there/],
  ["keyless", /was turn .* and is now/],
  ["amnesiac", /of 8 answers|instead of/]
]

describe("TRN-7 the kill test", () => {
  for (const [mutant, sign] of mutants) {
    it(`catches the mutant ${mutant}`, async () => {
      const others: Array<string> = []
      // A moment that hurts may take some finding.
      for (let seed = 1; seed <= 5; seed++) {
        const { wrong } = await live({ ...busy, storage: "key-value", mutant, seed })
        if (wrong.some((what) => sign.test(what))) return
        others.push(...wrong.slice(0, 5))
      }
      assert.fail(`Not caught. Seen instead: ${others.join("\n") || "nothing"}`)
    }, 180_000)
  }

  it("finds nothing wrong with a sound house", async () => {
    const { kills, tally, wrong } = await live({
      ...busy,
      storage: "sqlite",
      mutant: null,
      seed: 1
    })
    assert.deepStrictEqual(wrong, [])
    assert.strictEqual(kills, busy.kills)
    assert.isAbove(tally.accepted, 0)
    assert.isAbove(tally.resumed, 0)
  }, 180_000)
})
