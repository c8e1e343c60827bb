/** Tables: typed records in, checked records out, and pages of them. */

import { StorageError } from "@atrium/core/errors"
import { separator } from "@atrium/core/ids"
import { type Transaction, within } from "@atrium/core/storage/KeyValue"
import * as MemoryDriver from "@atrium/core/storage/MemoryDriver"
import { everything, padded, page, table } from "@atrium/core/storage/Table"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const Row = Schema.Struct({ n: Schema.Int })
const rows = table("row", Row)

const range = (n: number) => Array.from({ length: n }, (_, i) => i)

/** Runs `body` on a table with `n` rows of a tenant, and others' around them. */
const withRows = <A>(n: number, body: (tx: Transaction) => Effect.Effect<A, StorageError>) =>
  within(MemoryDriver.make(), (tx) => {
    for (const i of range(n)) rows.set(tx, ["tenant", "list", padded(i)], { n: i })
    for (const path of [
      ["tenant", "lis", "t"],
      ["tenant", "list2", "0"],
      ["tenant2", "list", "0"],
      ["tenan", "list", "0"]
    ]) {
      rows.set(tx, path, { n: -1 })
    }
    return body(tx)
  })

describe("a table", () => {
  it.effect("gives back what was set, until it is removed", () =>
    within(
      MemoryDriver.make(),
      Effect.fnUntraced(function* (tx) {
        const path = ["tenant", "a"]
        assert.isTrue(Option.isNone(yield* rows.get(tx, path)))
        rows.set(tx, path, { n: 1 })
        assert.deepStrictEqual(Option.getOrThrow(yield* rows.get(tx, path)), { n: 1 })
        assert.isTrue(Option.isNone(yield* table("other", Row).get(tx, path)))
        rows.remove(tx, path)
        assert.isTrue(Option.isNone(yield* rows.get(tx, path)))
      })
    )
  )
  it.effect("says Malformed of what is no JSON, or has another shape", () =>
    within(
      MemoryDriver.make(),
      Effect.fnUntraced(function* (tx) {
        for (const stored of ["{", "1", '{"n":1.5}', '{"n":"1"}']) {
          tx.set(["tenant", "row", "a"].join(separator), new TextEncoder().encode(stored))
          const errors = [
            yield* Effect.flip(rows.get(tx, ["tenant", "a"])),
            yield* Effect.flip(rows.scan(tx, ["tenant"], { limit: 1 }))
          ]
          for (const error of errors) {
            assert.instanceOf(error, StorageError)
            assert.deepStrictEqual(error.reason, { _tag: "Malformed", what: "A stored row" })
          }
        }
      })
    )
  )
  it.effect("scans below a path and nothing beside it", () =>
    withRows(
      3,
      Effect.fnUntraced(function* (tx) {
        const scan = (after: string, reverse: boolean) =>
          Effect.map(rows.scan(tx, ["tenant", "list"], { after, limit: 9, reverse }), (found) =>
            found.map(({ record }) => record.n)
          )
        const whole = yield* rows.scan(tx, ["tenant", "list"], { limit: 9 })
        assert.deepStrictEqual(
          whole.map(({ rest }) => rest),
          range(3).map(padded)
        )
        assert.deepStrictEqual(yield* scan(padded(0), false), [1, 2])
        assert.deepStrictEqual(yield* scan(padded(2), true), [1, 0])
        assert.deepStrictEqual(yield* scan("", false), [0, 1, 2])
        assert.deepStrictEqual(yield* scan("", true), [])
        assert.deepStrictEqual(yield* scan("\u{10ffff}", false), [])
        assert.deepStrictEqual(yield* scan("\u{10ffff}", true), [2, 1, 0])
      })
    )
  )
})

describe("everything below a path", () => {
  it.effect("is read in batches of a thousand", () =>
    Effect.gen(function* () {
      for (const n of [0, 999, 1000, 1001, 2000]) {
        const found = yield* withRows(n, (tx) => everything(rows, tx, ["tenant", "list"]))
        assert.deepStrictEqual(
          found.map(({ record }) => record.n),
          range(n)
        )
      }
    })
  )
})

describe("a page", () => {
  it.effect("goes on until it is full, whatever is not kept", () =>
    withRows(
      50,
      Effect.fnUntraced(function* (tx) {
        const odd = ({ n }: typeof Row.Type) => n % 10 === 9
        const first = yield* page(rows, tx, ["tenant", "list"], { limit: 3 }, odd)
        assert.deepStrictEqual(
          first.items.map(({ n }) => n),
          [9, 19, 29]
        )
        const after = Option.getOrThrow(first.next)
        const last = yield* page(rows, tx, ["tenant", "list"], { limit: 3, after }, odd)
        assert.deepStrictEqual(
          last.items.map(({ n }) => n),
          [39, 49]
        )
        assert.isTrue(Option.isNone(last.next))
      })
    )
  )
})

describe("padded numbers", () => {
  it("sort as the numbers do", () => {
    const numbers = [0, 1, 9, 10, 99, 100, 2 ** 31, Number.MAX_SAFE_INTEGER]
    assert.deepStrictEqual(numbers.map(padded).toSorted(), numbers.map(padded))
  })
})
