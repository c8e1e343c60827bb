import { assert, describe, it } from "@effect/vitest"
import { measure, median, quantile, ratio, type Sample } from "../src/Measure.ts"
import type { Row } from "../src/Row.ts"
import { resultsOf, table, verdictsOf } from "../src/report.ts"
import { select } from "../src/rows.ts"

const sample = (cpuMicros: number): Sample => ({
  cpuMicros,
  p50Ms: 1,
  p95Ms: 2,
  turnsPerSecond: 3
})

describe("Measure", () => {
  it("takes medians and quantiles", () => {
    assert.strictEqual(median([3, 1, 2]), 2)
    assert.strictEqual(median([4, 1, 3, 2]), 2.5)
    assert.strictEqual(quantile([5, 1, 4, 2, 3], 0.5), 3)
    assert.strictEqual(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.95), 10)
  })

  it("compares round by round, so that a drifting machine moves both", () => {
    const cpu = (each: Sample) => each.cpuMicros
    // The machine slows down fourfold; the candidate stays at twice its floor.
    const floor = [10, 20, 40].map(sample)
    assert.strictEqual(ratio([20, 40, 80].map(sample), floor, cpu), 2)
    assert.strictEqual(ratio([20, 40, 800].map(sample), floor, cpu), 2)
  })

  it("interleaves the candidates and turns their order around every second round", async () => {
    const order: Array<string> = []
    const candidate = (name: string) => ({
      name,
      users: 2,
      inFlight: 1,
      turn: async (_: number, turn: number) => void order.push(`${name}${turn}`)
    })
    const measured = await measure([candidate("a"), candidate("b")], {
      rounds: 2,
      turns: 1,
      warmUp: 1
    })
    assert.deepStrictEqual(order, ["a0", "b0", "a1", "b1", "b2", "a2"])
    assert.strictEqual(measured.get("a")?.length, 2)
    assert.isAbove(measured.get("b")?.[0]?.turnsPerSecond ?? 0, 0)
  })

  it("keeps so many turns in flight, reaches every user, and never overlaps one", async () => {
    let inFlight = 0
    let most = 0
    const busy = new Set<number>()
    const seen = new Map<number, number>()
    const turn = async (user: number) => {
      assert.isFalse(busy.has(user))
      busy.add(user)
      inFlight += 1
      most = Math.max(most, inFlight)
      // One slow user: whoever handed users out by turn number would meet it twice.
      await new Promise((resolve) => setTimeout(resolve, user === 0 ? 20 : 0))
      inFlight -= 1
      busy.delete(user)
      seen.set(user, (seen.get(user) ?? 0) + 1)
    }
    await measure([{ name: "crowd", users: 10, inFlight: 4, turn }], {
      rounds: 1,
      turns: 60,
      warmUp: 0
    })
    assert.strictEqual(most, 4)
    assert.deepStrictEqual(
      [...seen.keys()].toSorted((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    )
    assert.strictEqual(
      [...seen.values()].reduce((sum, count) => sum + count),
      60
    )
  })

  it("refuses fewer users than turns in flight", async () => {
    const turn = () => Promise.resolve()
    const outcome = await measure([{ name: "few", users: 1, inFlight: 2, turn }], {
      rounds: 1,
      turns: 1,
      warmUp: 0
    }).catch(String)
    assert.include(outcome, "few: 2 turns in flight need at least as many users, not 1.")
  })
})

describe("report", () => {
  const row = (name: string, floor?: string): Row => ({
    name,
    ...(floor === undefined ? {} : { floor }),
    users: 1,
    inFlight: 1,
    open: () => ({ turn: () => Promise.resolve(), close: () => undefined })
  })
  const all = [row("floor"), row("other"), row("atrium", "floor")]

  it("selects a row together with its floor", () => {
    assert.deepStrictEqual(
      select(all, "atri").map(({ name }) => name),
      ["floor", "atrium"]
    )
    assert.deepStrictEqual(
      select([...all, row("http", "atrium")], "http").map(({ name }) => name),
      ["floor", "atrium", "http"]
    )
    assert.strictEqual(select(all, "").length, 3)
    assert.strictEqual(select(all, "nothing").length, 0)
  })

  it("judges what is asked of a row by its ratios", () => {
    const asked: Row = { ...row("atrium", "floor"), asked: { cpu: 1.4, p50: 1, rate: 1.1 } }
    const measured = new Map([
      ["floor", [sample(10)]],
      ["atrium", [sample(15)]]
    ])
    const verdicts = verdictsOf([asked], resultsOf([row("floor"), asked], measured))
    assert.deepStrictEqual(
      verdicts.map(({ holds, value }) => [value, holds]),
      [
        [1.5, false],
        [1, true],
        [1, false]
      ]
    )
  })

  it("prints a row as a multiple of its floor", () => {
    const measured = new Map([
      ["floor", [sample(10)]],
      ["atrium", [sample(15)]]
    ])
    const [floor, atrium] = resultsOf(select(all, "atrium"), measured)
    assert.isNull(floor?.cpuRatio)
    assert.strictEqual(atrium?.cpuRatio, 1.5)
    assert.match(
      table(atrium === undefined ? [] : [atrium]),
      /atrium .* 15 .*floor {2}1\.50x {2}1\.00x {2}1\.00x$/
    )
  })
})
