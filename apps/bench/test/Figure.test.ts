import { assert, describe, it } from "@effect/vitest"
import { judge, verdictTable } from "../src/Figure.ts"
import { whole } from "../src/probes/together.ts"

const figure = (value: number, bound?: { readonly least?: number; readonly most?: number }) =>
  judge("row", { what: "figure", value, unit: "ms", ...(bound === undefined ? {} : { bound }) })

describe("Figure", () => {
  it("holds on its bound, and not beyond", () => {
    assert.isTrue(figure(2.5, { most: 2.5 }).holds)
    assert.isFalse(figure(2.51, { most: 2.5 }).holds)
    assert.isTrue(figure(0.8, { least: 0.8 }).holds)
    assert.isFalse(figure(0.79, { least: 0.8 }).holds)
    assert.isFalse(figure(19, { least: 20, most: 20 }).holds)
    assert.isNull(figure(1).holds)
  })

  it("holds no bound where nothing was measured", () => {
    assert.isFalse(figure(Number.NaN, { most: 1 }).holds)
    assert.isFalse(figure(Number.NaN, { least: 1 }).holds)
  })

  it("names the bound, and says whether it holds", () => {
    const text = verdictTable([
      figure(2.5, { most: 2 }),
      figure(20, { least: 20, most: 20 }),
      figure(7)
    ])
    assert.match(text, /row +figure +2\.50 ms +<= 2 +MISSED/)
    assert.match(text, /row +figure +20 ms += 20 +holds/)
    assert.match(text, /row +figure +7 ms$/m)
  })
})

describe("together", () => {
  const transcript = ["a", "ok: a", "b", "ok: b"]

  it("counts the prompts that saw the pairs before them, in order", () => {
    assert.strictEqual(whole(transcript, [["a"], ["a", "ok: a", "b"]]), 2)
    assert.strictEqual(whole(transcript, [["a"], ["b"]]), 1)
    assert.strictEqual(whole(transcript, [["a"], ["ok: a", "a", "b"]]), 1)
  })
})
