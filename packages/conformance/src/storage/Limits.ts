/** TEN-2: the limiter is exact. */

import type { MeterOf } from "@atrium/core/storage/LimitStore"
import { Storage } from "@atrium/core/storage/Storage"
import { defaultPlan, type Rate } from "@atrium/core/tenancy/Plan"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { atOnce, jitter, range, seeded } from "./Interleaving.ts"
import { now } from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"

/** 10 in any 60 s. */
const rate = defaultPlan.user

const take = (scope: TenantScope, at = 0, of: MeterOf = "user", by: Rate = rate) =>
  Effect.flatMap(Storage, ({ stores }) => stores.limits.take(scope, of, by, now + at))

const left = (scope: TenantScope, at = 0, of: MeterOf = "user", by: Rate = rate) =>
  Effect.flatMap(Storage, ({ stores }) => stores.limits.left(scope, of, by, now + at))

const takes = (times: number, scope: TenantScope, at = 0, of: MeterOf = "user") =>
  Effect.forEach(range(times), () => take(scope, at, of))

const none = (times: number) => range(times).map(() => 0)

/** What a limiter of `rate` answers to takes at these times, by counting. */
const model = (rate: Rate) => {
  const accepted: Array<number> = []
  const within = (at: number) => accepted.filter((time) => time > at - rate.windowMs)
  const wait = (at: number) => {
    const counted = within(at)
    const blocking = counted[counted.length - rate.turns]
    return blocking === undefined ? 0 : blocking + rate.windowMs - at
  }
  return {
    take: (at: number) => {
      const answer = wait(at)
      if (answer === 0) accepted.push(at)
      return answer
    },
    left: (at: number) => ({
      ...rate,
      left: rate.turns - within(at).length,
      retryAfterMs: wait(at)
    })
  }
}

export const limits: ReadonlyArray<StorageRule> = [
  rule({
    id: "TEN-2a",
    rows: ["023"],
    sentence:
      "of 11 turns in a window of 60 s the 11th is refused with the time to wait, and then accepted",
    check: Effect.fnUntraced(function* () {
      const scope = yield* scopeOf("tenant", "user")
      for (const i of range(10)) assert.strictEqual(yield* take(scope, i * 1000), 0)
      assert.strictEqual(yield* take(scope, 30_000), 30_000)
      assert.strictEqual(yield* take(scope, 59_999), 1)
      assert.strictEqual(yield* take(scope, 60_000), 0)
      assert.strictEqual(yield* take(scope, 60_000), 1000)
      assert.strictEqual(yield* take(scope, 61_000), 0)
    })
  }),
  rule({
    id: "TEN-2b",
    rows: ["023"],
    sentence: "a refused turn counts nothing",
    check: Effect.fnUntraced(function* () {
      const scope = yield* scopeOf("tenant", "user")
      assert.deepStrictEqual(yield* takes(10, scope), none(10))
      assert.notInclude(yield* takes(50, scope, 30_000), 0)
      assert.deepStrictEqual(yield* takes(10, scope, 60_000), none(10))
    })
  }),
  rule({
    id: "TEN-2c",
    rows: ["023"],
    sentence: "other users are not affected, neither of the tenant nor of the same name elsewhere",
    check: Effect.fnUntraced(function* () {
      const scope = yield* scopeOf("tenant", "user")
      yield* takes(11, scope)
      for (const other of [
        yield* scopeOf("tenant", "other"),
        yield* scopeOf("other", "user"),
        yield* scopeOf("tenant", "use"),
        yield* scopeOf("tenant", "user2")
      ]) {
        assert.deepStrictEqual(yield* takes(10, other), none(10))
      }
      assert.strictEqual(yield* take(scope, 1), 59_999)
    })
  }),
  rule({
    id: "TEN-2d",
    rows: ["023"],
    sentence: "of 100 turns at once exactly 10 are accepted",
    check: Effect.fnUntraced(function* () {
      const scope = yield* scopeOf("tenant", "user")
      const answers = yield* atOnce(range(100).map(() => take(scope)))
      assert.lengthOf(
        answers.filter((wait) => wait === 0),
        10
      )
      assert.sameMembers([...new Set(answers)], [0, 60_000])
    })
  }),
  rule({
    id: "TEN-2e",
    sentence: "of 40 transactions at once that count a turn among other work exactly 10 succeed",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const { transact } = yield* Storage
          const scope = yield* scopeOf("tenant", "user")
          const counted = Effect.andThen(Effect.andThen(jitter, take(scope)), (wait) =>
            Effect.as(jitter, wait)
          )
          const answers = yield* atOnce(range(40).map(() => transact(counted)))
          assert.lengthOf(
            answers.filter((wait) => wait === 0),
            10
          )
          assert.strictEqual((yield* left(scope)).left, 0)
        })
      )
  }),
  rule({
    id: "TEN-2f",
    sentence: "at 100 random times every answer is that of a log of times",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const scope = yield* scopeOf("tenant", "user")
          const by: Rate = { turns: 7, windowMs: 1000 }
          const expected = model(by)
          let at = 0
          for (const _ of range(100)) {
            at += yield* Random.nextIntBetween(0, 250)
            assert.deepStrictEqual(yield* left(scope, at, "user", by), {
              ...expected.left(now + at)
            })
            assert.strictEqual(yield* take(scope, at, "user", by), expected.take(now + at))
          }
        })
      )
  }),
  rule({
    id: "TEN-2g",
    sentence: "asking what is left counts nothing, and tells what is left and how long to wait",
    check: Effect.fnUntraced(function* () {
      const scope = yield* scopeOf("tenant", "user")
      assert.deepStrictEqual(yield* left(scope), { ...rate, left: 10, retryAfterMs: 0 })
      yield* takes(3, scope)
      for (const _ of range(20)) {
        assert.deepStrictEqual(yield* left(scope), { ...rate, left: 7, retryAfterMs: 0 })
      }
      assert.deepStrictEqual(yield* takes(7, scope, 500), none(7))
      assert.deepStrictEqual(yield* left(scope, 1000), { ...rate, left: 0, retryAfterMs: 59_000 })
      assert.deepStrictEqual(yield* left(scope, 60_000), { ...rate, left: 3, retryAfterMs: 0 })
    })
  }),
  rule({
    id: "TEN-2h",
    sentence: "the tenant's meter counts its users together, apart from theirs and other tenants'",
    check: Effect.fnUntraced(function* () {
      const first = yield* scopeOf("tenant", "first")
      const second = yield* scopeOf("tenant", "second")
      assert.deepStrictEqual(yield* takes(6, first, 0, "tenant"), none(6))
      assert.deepStrictEqual(yield* takes(6, second, 0, "tenant"), [...none(4), 60_000, 60_000])
      assert.strictEqual((yield* left(first)).left, 10)
      assert.strictEqual(yield* take(yield* scopeOf("other", "first"), 0, "tenant"), 0)
      assert.strictEqual((yield* left(yield* scopeOf("tenant"), 0, "tenant")).left, 0)
    })
  }),
  rule({
    id: "TEN-2i",
    rows: ["024"],
    sentence: "what is older than the window is purged, at most as much as was asked, and counted",
    check: Effect.fnUntraced(function* () {
      const { maintenance } = yield* Storage
      const old = yield* Effect.forEach(range(30), (i) => scopeOf("tenant", `old ${i}`))
      for (const scope of old) yield* takes(2, scope)
      const fresh = yield* scopeOf("tenant", "fresh")
      yield* takes(10, fresh, 3_600_000)
      const before = now + 3_600_000 - rate.windowMs
      assert.strictEqual(yield* maintenance.purgeLimits(before, 25), 25)
      assert.strictEqual(yield* maintenance.purgeLimits(before, 1000), 35)
      assert.strictEqual(yield* maintenance.purgeLimits(before, 1000), 0)
      assert.strictEqual(yield* take(fresh, 3_600_000), 60_000)
      for (const scope of old) assert.deepStrictEqual(yield* takes(10, scope, 3_600_000), none(10))
    })
  }),
  rule({
    id: "TEN-2j",
    sentence: "a turn that was counted in a transaction that failed is not counted",
    check: Effect.fnUntraced(function* () {
      const { transact } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      yield* Effect.exit(transact(Effect.andThen(takes(10, scope), Effect.fail("refused"))))
      assert.strictEqual((yield* left(scope)).left, 10)
      assert.deepStrictEqual(yield* takes(10, scope), none(10))
    })
  })
]
