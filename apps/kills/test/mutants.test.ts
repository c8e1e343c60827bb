/** The kill test can fail: broken houses are caught, and a sound one is not. */
import { assert, describe, it } from "@effect/vitest"
import { live, type Plan } from "../src/Life.ts"
import type { Mutant } from "../src/Script.ts"

type Kind = Omit<Plan, "seed" | "storage" | "mutant">

const busy: Kind = { backend: "teller", approvals: false, inFlight: 20, steps: 8, kills: 3 }
const able: Kind = { ...busy, backend: "native", steps: 1 }

/** What each of them does, as the verdict says it. */
const mutants: ReadonlyArray<readonly [Mutant, Kind, sign: RegExp]> = [
  ["early-ack", busy, /was turn .* and is now|the turn is gone|but .* stored/],
  ["torn-commit", busy, /unexpected shape|does not begin|counts|is there/],
  ["keyless", busy, /was turn .* and is now/],
  ["amnesiac", busy, /of 8 answers|instead of/],
  ["intentless", { ...able, kills: 5 }, /was paid 2 times/],
  ["callless", able, /has a result without its call/],
  ["torn-memory", able, /lacks the mark/],
  ["unbilled", able, /ledger of .* (sums to|lacks call)/]
]

describe("TRN-7 the kill test", () => {
  for (const [mutant, kind, sign] of mutants) {
    it(`catches the mutant ${mutant}`, async () => {
      const others: Array<string> = []
      // A moment that hurts may take some finding.
      for (let seed = 1; seed <= 5; seed++) {
        const { wrong } = await live({ ...kind, storage: "key-value", mutant, seed })
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

  it("finds nothing wrong with one that has tools, memory and approvals", async () => {
    const life = { ...able, approvals: true, kills: 5, storage: "sqlite", mutant: null } as const
    const { tally, wrong } = await live({ ...life, seed: 1 })
    assert.deepStrictEqual(wrong, [])
    assert.isAbove(tally.acted, 0)
    assert.isAbove(tally.decided, 0)
    assert.isAbove(tally.marks, 0)
  }, 180_000)
})
