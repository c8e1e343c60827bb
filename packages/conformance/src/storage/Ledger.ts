/** STO-8: the ledger keeps every row once, and its sums are exact. */

import type { LedgerRecord, LedgerTotal } from "@atrium/core/storage/LedgerStore"
import { Storage } from "@atrium/core/storage/Storage"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { texts } from "./Hostile.ts"
import { atOnce, jitter, range, seeded } from "./Interleaving.ts"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"

const forever = Number.MAX_SAFE_INTEGER

const nothing: LedgerTotal = {
  turns: 0,
  messages: 0,
  calls: 0,
  usage: { input: 0, cached: 0, output: 0, reasoning: 0, microUsd: null }
}

/** The sums of `rows`, added up one number at a time. */
const sumOf = (rows: ReadonlyArray<LedgerRecord>): LedgerTotal => {
  const calls = rows.flatMap(({ call }) => (call === null ? [] : [call]))
  const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((total, n) => total + n, 0)
  const prices = calls.flatMap(({ usage }) => usage.microUsd ?? [])
  return {
    turns: sum(rows.map(({ turns }) => turns)),
    messages: sum(rows.map(({ messages }) => messages)),
    calls: calls.length,
    usage: {
      input: sum(calls.map(({ usage }) => usage.input)),
      cached: sum(calls.map(({ usage }) => usage.cached)),
      output: sum(calls.map(({ usage }) => usage.output)),
      reasoning: sum(calls.map(({ usage }) => usage.reasoning)),
      microUsd: prices.length === 0 ? null : sum(prices)
    }
  }
}

const randomRow = Effect.fnUntraced(function* (i: number) {
  const upTo = (n: number) => Random.nextIntBetween(0, n)
  const owners = ["user a", "user b", null]
  const usage = {
    input: yield* upTo(1_000_000_000),
    cached: yield* upTo(100),
    output: yield* upTo(1000),
    reasoning: yield* upTo(10),
    microUsd: (yield* Random.nextBoolean) ? yield* upTo(1_000_000_000) : null
  }
  return Samples.row(`turn ${i % 7}`, owners[i % 3] ?? null, {
    // Few moments, so that many rows share one, and boundaries are hit.
    at: Samples.now + (yield* upTo(20)),
    sequence: i,
    call: i % 4 === 0 ? null : { purpose: "chat", model: "m", usage, finish: "stop" },
    turns: yield* upTo(2),
    messages: yield* upTo(3)
  })
})

export const ledger: ReadonlyArray<StorageRule> = [
  rule({
    id: "STO-8a",
    sentence: "rows are kept whole, in the order of times, turns and sequences",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      const text = texts[0] ?? ""
      const usage = { input: 1, cached: 0, output: 0, reasoning: 0, microUsd: null }
      const rows = [
        Samples.row("b", "user", { at: 9, sequence: 10 }),
        Samples.row("z", "user", { at: 10, call: null, turns: 1, messages: 2 }),
        Samples.row("A", "user", { at: 100, conversationId: "", agentId: text }),
        Samples.row("a", "user", { at: 100, sequence: 2 }),
        Samples.row("a", "user", { at: 100, sequence: 9 }),
        Samples.row("a", "user", { at: 100, sequence: 10 }),
        Samples.row("a!", "user", {
          at: 100,
          sequence: 1,
          call: { purpose: text, model: text, usage, finish: text }
        }),
        Samples.row("\uffff", "user", { at: 100, sequence: 0 }),
        Samples.row("\u{10000}", "user", { at: 100, sequence: 0 })
      ]
      yield* stores.ledger.append(scope, rows.toReversed())
      for (const by of [scope, yield* scopeOf("tenant")]) {
        assert.deepStrictEqual((yield* stores.ledger.list(by, {})).items, rows)
        assert.deepStrictEqual(
          (yield* stores.ledger.list(by, { newestFirst: true })).items,
          rows.toReversed()
        )
      }
    })
  }),
  rule({
    id: "STO-8b",
    sentence: "a row whose time, turn and sequence are taken is not written and not counted",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const { stores, transact } = yield* Storage
          const scope = yield* scopeOf("tenant", "user")
          const rows = range(6).map((i) => Samples.row("t", "user", { sequence: i, turns: 1 }))
          yield* stores.ledger.append(scope, rows)
          const other = rows.map((row) => ({ ...row, turns: 5, agentId: "other" }))
          yield* atOnce(
            [rows, other, rows, other].map((again) =>
              Effect.andThen(jitter, transact(stores.ledger.append(scope, again)))
            )
          )
          // Those that are free are written all the same.
          const more = { ...Samples.row("t", "user", { sequence: 6 }), messages: 4 }
          yield* stores.ledger.append(scope, [...rows.slice(0, 3), more, more])
          assert.deepStrictEqual((yield* stores.ledger.list(scope, {})).items, [...rows, more])
          const total = yield* stores.ledger.total(scope, 0, forever)
          assert.deepStrictEqual(total, sumOf([...rows, more]))
        })
      )
  }),
  rule({
    id: "STO-8c",
    sentence:
      "totals of random rows are exact, from the first moment (included) to the last (excluded)",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const { stores } = yield* Storage
          const whole = yield* scopeOf("tenant")
          const rows = yield* Effect.forEach(range(1200), randomRow)
          yield* stores.ledger.append(whole, rows)
          yield* stores.ledger.append(yield* scopeOf("tenant b"), rows.slice(0, 100))
          const bounds = [
            [0, forever],
            [-1, 0],
            [Samples.now, Samples.now + 20],
            [Samples.now, Samples.now + 19],
            [Samples.now + 1, Samples.now + 20],
            [Samples.now + 5, Samples.now + 6],
            [Samples.now + 5, Samples.now + 5],
            [Samples.now + 6, Samples.now + 5],
            [Samples.now - 100, Samples.now],
            [Samples.now + 20, forever]
          ] as const
          for (const user of [undefined, "user a", "user b", "user c"]) {
            const scope = yield* scopeOf("tenant", user)
            for (const [from, to] of bounds) {
              const counted = rows.filter(
                ({ at, userId }) => at >= from && at < to && (user === undefined || userId === user)
              )
              const total = yield* stores.ledger.total(scope, from, to)
              assert.deepStrictEqual(total, sumOf(counted), `${user}: ${from} to ${to}`)
            }
          }
        })
      )
  }),
  rule({
    id: "STO-8d",
    sentence: "without rows every sum is 0, and a price is unknown until one row's is known",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      const total = stores.ledger.total(scope, 0, forever)
      assert.deepStrictEqual(yield* total, nothing)
      const priced = (sequence: number, microUsd: number | null) =>
        Samples.row("t", "user", {
          sequence,
          call: {
            purpose: "chat",
            model: "m",
            usage: { input: 1, cached: 0, output: 0, reasoning: 0, microUsd },
            finish: "stop"
          }
        })
      for (const [i, [price, sum]] of (
        [
          [null, null],
          [0, 0],
          [null, 0],
          [5, 5],
          [null, 5]
        ] satisfies ReadonlyArray<[number | null, number | null]>
      ).entries()) {
        yield* stores.ledger.append(scope, [priced(i, price)])
        assert.strictEqual((yield* total).usage.microUsd, sum)
        assert.strictEqual((yield* total).calls, i + 1)
      }
      // Nobody else's rows are counted or listed, and nobody writes another's.
      const other = yield* scopeOf("tenant", "user b")
      yield* stores.ledger.append(other, [Samples.row("t", "user"), Samples.row("t", null)])
      assert.deepStrictEqual(yield* stores.ledger.total(other, 0, forever), nothing)
      assert.deepStrictEqual((yield* stores.ledger.list(other, {})).items, [])
      assert.strictEqual((yield* total).calls, 5)
    })
  })
]
