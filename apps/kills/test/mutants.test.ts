/** The kill test can fail: broken houses are caught, and a sound one is not. */
import { assert, describe, it } from "@effect/vitest"
import { live, type Plan } from "../src/Life.ts"
import type { Mutant } from "../src/Script.ts"

const busy: Omit<Plan, "seed" | "storage" | "mutant"> = { inFlight: 20, steps: 3, kills: 3 }

/** Lives until a violation is seen; a moment that hurts may take some finding. */
const caught = async (mutant: Mutant): Promise<ReadonlyArray<string>> => {
  for (let seed = 1; seed <= 5; seed++) {
    const { wrong } = await live({ ...busy, storage: "key-value", mutant, seed })
    if (wrong.length > 0) return wrong
  }
  return []
}

const mutants: ReadonlyArray<readonly [Mutant, sign: RegExp]> = [
  ["early-ack", /was turn .* and is now|the turn is gone|but .* stored/],
  ["torn-commit", /unexpected shape|does not begin|counts|is there/],
  ["keyless", /was turn .* and is now/],
  ["amnesiac", /of 3 answers|says/]
]

describe("TRN-7 the kill test", () => {
  for (const [mutant, sign] of mutants) {
    it(`catches the mutant ${mutant}`, async () => {
      const wrong = await caught(mutant)
      assert.isTrue(
        wrong.some((what) => sign.test(what)),
        `Nothing of this looks like ${mutant}: ${wrong.slice(0, 5).join("\n") || "no violation"}`
      )
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
