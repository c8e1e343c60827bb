import {
  type KnownFailure,
  nameOf,
  problemsOf,
  runRule,
  type StorageRule,
  storageRules
} from "@atrium/conformance"
import { Storage } from "@atrium/core/storage/Storage"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

const rule = (given: Partial<StorageRule>): StorageRule => ({
  id: "TEN-2a",
  sentence: "the limiter is exact",
  check: Effect.void,
  ...given
})

const subject = { layer: () => Storage.layerMemory, reopen: false }

describe("the name of a rule's test", () => {
  it("carries the law, the rows it proves, the method and the sentence", () => {
    assert.strictEqual(nameOf(rule({})), "TEN-2a the limiter is exact")
    assert.strictEqual(
      nameOf(rule({ rows: ["023", "024"] })),
      "TEN-2a [023][024] the limiter is exact"
    )
    assert.strictEqual(
      nameOf(rule({ id: "ISO-1 users.find", rows: ["084"], sentence: "absent" })),
      "ISO-1 [084] users.find: absent"
    )
  })
  it("is one rule's only", () => {
    const names = storageRules.map(nameOf)
    assert.strictEqual(new Set(names).size, names.length)
  })
})

describe("known failures", () => {
  const now = Date.parse("2027-03-01T12:00:00Z")
  const known = (more: Partial<KnownFailure>): ReadonlyArray<KnownFailure> => [
    { rule: "TEN-2a", reason: "no clock yet", until: "2027-03-01", ...more }
  ]
  const problems = (failures: ReadonlyArray<KnownFailure>) => problemsOf(failures, ["TEN-2a"], now)

  it("are accepted with a rule, a reason and a day that has not passed", () => {
    assert.deepStrictEqual(problems([]), [])
    assert.deepStrictEqual(problems(known({})), [])
  })
  it("are refused where the rule is unknown or named twice", () => {
    assert.deepStrictEqual(problems(known({ rule: "TEN-2" })), ['no rule is called "TEN-2"'])
    assert.deepStrictEqual(problems([...known({}), ...known({})]), ['"TEN-2a" is named twice'])
  })
  it("are refused without a reason", () => {
    assert.deepStrictEqual(problems(known({ reason: " " })), ['"TEN-2a" has no reason'])
  })
  it("are refused when their day has passed, or is none", () => {
    assert.deepStrictEqual(problems(known({ until: "2027-02-28" })), [
      '"TEN-2a" was to be mended by 2027-02-28: no clock yet'
    ])
    for (const until of ["soon", "2027-13-01", "2027-3-1", ""]) {
      assert.lengthOf(problems(known({ until })), 1, until)
    }
  })
})

describe("running a rule", () => {
  it.live("fails with what the check failed with, or died of", () =>
    Effect.gen(function* () {
      const failed = yield* Effect.exit(runRule(rule({ check: Effect.fail("why") }), subject))
      const died = yield* Effect.exit(runRule(rule({ check: Effect.die("why") }), subject))
      assert.isTrue(Exit.isFailure(failed) && Exit.hasFails(failed))
      assert.isTrue(Exit.isFailure(died) && Exit.hasDies(died))
      yield* runRule(rule({}), subject)
    })
  )
  it.live("ends a rule that hangs", () =>
    Effect.map(Effect.exit(runRule(rule({ check: Effect.never }), subject, 10)), (exit) =>
      assert.isTrue(Exit.isFailure(exit))
    )
  )
})
