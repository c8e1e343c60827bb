/** The kit is able to fail: every rule has a broken storage that it finds. */
import { nameOf, storageConformance, storageRules } from "@atrium/conformance"
import { assert, describe, it } from "@effect/vitest"
import { mutants } from "./mutants/Mutants.ts"
import { keptByFile } from "./mutants/Opening.ts"

describe("every rule is found broken by a mutant", () => {
  const found = new Set(mutants.flatMap(({ fails }) => fails))
  for (const rule of storageRules) {
    it(nameOf(rule), () => assert.isTrue(found.has(rule.id)))
  }
})

describe("no two rules have one id", () => {
  it("ids", () => {
    const ids = storageRules.map(({ id }) => id)
    assert.deepStrictEqual(ids.toSorted(), [...new Set(ids)].toSorted())
  })
})

// What the mutants of opening are made from is sound.
storageConformance({ name: "kept in memory by file", layer: keptByFile, reopen: true })
