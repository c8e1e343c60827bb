/** The key-value driver's details: order of keys, versions, and the transactions over it. */

import { StorageError } from "@atrium/core/errors"
import { compareKeys, type KeyValueDriver, transact, within } from "@atrium/core/storage/KeyValue"
import * as MemoryDriver from "@atrium/core/storage/MemoryDriver"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (value: Uint8Array | undefined) =>
  value === undefined ? undefined : new TextDecoder().decode(value)

const put = (driver: KeyValueDriver, ...keys: ReadonlyArray<string>) =>
  driver.commit(
    [],
    keys.map((key) => ({ key, value: bytes(key) }))
  )

const keysOf = (entries: ReadonlyArray<{ readonly key: string }>) => entries.map(({ key }) => key)

describe("the order of keys", () => {
  const sorted = [
    "",
    "\u0001",
    "A",
    "a",
    "a\u0001",
    "a!",
    "aa",
    "b",
    "é",
    "\ud7ff",
    "\uffff"
  ].concat(["\u{10000}", "\u{1f600}", "\u{10ffff}", "\u{10ffff}a"])
  it("is that of their bytes in UTF-8", () => {
    for (const a of sorted) {
      for (const b of sorted) {
        const expected = Buffer.compare(Buffer.from(a), Buffer.from(b))
        assert.strictEqual(Math.sign(compareKeys(a, b)), expected, JSON.stringify([a, b]))
      }
    }
  })
  it.effect("is that of a scan, from either end", () =>
    Effect.gen(function* () {
      const driver = MemoryDriver.make()
      yield* put(driver, ...sorted.toReversed())
      const all = { from: "", to: "\u{10ffff}\u{10ffff}", limit: 100 }
      assert.deepStrictEqual(keysOf(yield* driver.scan(all)), sorted)
      const reverse = yield* driver.scan({ ...all, reverse: true, limit: 3 })
      assert.deepStrictEqual(keysOf(reverse), sorted.slice(-3).toReversed())
    })
  )
})

describe("the driver in memory", () => {
  it.effect("scans from the first key, included, to the last one, excluded", () =>
    Effect.gen(function* () {
      const driver = MemoryDriver.make()
      yield* put(driver, "a", "b", "c", "d")
      const scan = (from: string, to: string, limit = 9) =>
        Effect.map(driver.scan({ from, to, limit }), keysOf)
      assert.deepStrictEqual(yield* scan("b", "d"), ["b", "c"])
      assert.deepStrictEqual(yield* scan("b", "d", 1), ["b"])
      assert.deepStrictEqual(yield* scan("bb", "z"), ["c", "d"])
      assert.deepStrictEqual(yield* scan("d", "b"), [])
    })
  )
  it.effect("answers keys in the order they were asked for", () =>
    Effect.gen(function* () {
      const driver = MemoryDriver.make()
      yield* put(driver, "a", "b")
      const found = yield* driver.get(["b", "no such", "a"])
      assert.deepStrictEqual(
        found.map((entry) => entry?.key),
        ["b", undefined, "a"]
      )
    })
  )
  it.effect("gives a key another version with every write, also after it was deleted", () =>
    Effect.gen(function* () {
      const driver = MemoryDriver.make()
      const versions = new Set<string | undefined>()
      for (const _ of [1, 2, 3]) {
        yield* put(driver, "a")
        versions.add((yield* driver.get(["a"]))[0]?.version)
        yield* driver.commit([], [{ key: "a", value: undefined }])
        assert.deepStrictEqual(yield* driver.get(["a"]), [undefined])
      }
      assert.strictEqual(versions.size, 3)
    })
  )
  it.effect("writes nothing when a key that was read has changed, came or went", () =>
    Effect.gen(function* () {
      const driver = MemoryDriver.make()
      yield* put(driver, "a", "b")
      const [a] = yield* driver.get(["a"])
      const write = [{ key: "new", value: bytes("x") }]
      yield* put(driver, "a")
      for (const read of [
        { key: "a", version: a?.version },
        { key: "b", version: undefined },
        { key: "no such", version: "1" }
      ]) {
        assert.strictEqual(yield* driver.commit([read], write), "conflict")
      }
      assert.deepStrictEqual(yield* driver.get(["new"]), [undefined])
      const fresh = (yield* driver.get(["a"]))[0]?.version
      assert.strictEqual(yield* driver.commit([{ key: "a", version: fresh }], write), "committed")
    })
  )
})

describe("a transaction", () => {
  it.effect("scans with its own writes, deletions and a limit applied", () =>
    Effect.gen(function* () {
      const driver = MemoryDriver.make()
      yield* put(driver, "a", "b", "c", "d")
      const scan = (limit: number, reverse = false) =>
        within(driver, (tx) => {
          tx.set("b", undefined)
          tx.set("bb", bytes("bb"))
          tx.set("c", bytes("changed"))
          tx.set("z", bytes("out of range"))
          return Effect.map(tx.scan({ from: "a", to: "e", limit, reverse }), (pairs) =>
            pairs.map(({ key, value }) => `${key}=${text(value)}`)
          )
        })
      const undone = <A, E>(self: Effect.Effect<A, E>) =>
        Effect.flip(transact(driver)(Effect.flatMap(self, (value) => Effect.fail(value))))
      assert.deepStrictEqual(yield* undone(scan(9)), ["a=a", "bb=bb", "c=changed", "d=d"])
      assert.deepStrictEqual(yield* undone(scan(2)), ["a=a", "bb=bb"])
      assert.deepStrictEqual(yield* undone(scan(2, true)), ["d=d", "c=changed"])
    })
  )
  it.effect("reads a key once, and sees what it wrote", () =>
    Effect.gen(function* () {
      let asked = 0
      const inner = MemoryDriver.make()
      const driver: KeyValueDriver = {
        ...inner,
        get: (keys) => {
          asked += 1
          return inner.get(keys)
        }
      }
      yield* put(driver, "a")
      const seen = yield* within(
        driver,
        Effect.fnUntraced(function* (tx) {
          const first = yield* tx.get("a")
          const second = yield* tx.get("a")
          tx.set("a", bytes("new"))
          const third = yield* tx.get("a")
          tx.set("a", undefined)
          return [first, second, third, yield* tx.get("a")].map(text)
        })
      )
      assert.deepStrictEqual(seen, ["a", "a", "new", undefined])
      assert.strictEqual(asked, 1)
    })
  )
  it.effect("of one driver does not join that of another one", () =>
    Effect.gen(function* () {
      const one = MemoryDriver.make()
      const other = MemoryDriver.make()
      const write = (driver: KeyValueDriver) =>
        within(driver, (tx) => Effect.sync(() => tx.set("a", bytes("a"))))
      yield* Effect.flip(
        transact(one)(
          write(one).pipe(
            Effect.andThen(write(other)),
            Effect.andThen(transact(other)(write(other))),
            Effect.andThen(Effect.fail("undone"))
          )
        )
      )
      assert.deepStrictEqual(yield* one.get(["a"]), [undefined])
      assert.strictEqual((yield* other.get(["a"]))[0]?.key, "a")
    })
  )
  it.effect("that always loses is given up after 64 runs, as a conflict", () =>
    Effect.gen(function* () {
      let runs = 0
      const driver: KeyValueDriver = {
        ...MemoryDriver.make(),
        commit: () => Effect.succeed("conflict")
      }
      const fiber = yield* Effect.forkChild(
        Effect.flip(
          within(driver, (tx) =>
            Effect.sync(() => {
              runs += 1
              tx.set("a", bytes("a"))
            })
          )
        )
      )
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(runs, 64)
      assert.instanceOf(error, StorageError)
      assert.strictEqual(error.reason._tag, "Conflict")
    })
  )
  it.effect("passes on what the driver fails with", () =>
    Effect.gen(function* () {
      const broken = Effect.fail(StorageError.because({ _tag: "Unreachable", host: "db" }))
      const driver: KeyValueDriver = {
        ...MemoryDriver.make(),
        get: () => broken,
        scan: () => broken,
        commit: () => broken
      }
      for (const self of [
        within(driver, (tx) => tx.get("a")),
        within(driver, (tx) => tx.scan({ from: "a", to: "b", limit: 1 })),
        within(driver, (tx) => Effect.sync(() => tx.set("a", undefined)))
      ]) {
        const error = yield* Effect.flip(Effect.asVoid(self))
        assert.strictEqual(error.reason._tag, "Unreachable")
      }
    })
  )
})

describe("a key that holds a lone surrogate", () => {
  /** As a store that keeps keys in UTF-8: there such a key would be the replacement character. */
  const inBytes = (asked: Array<string>): KeyValueDriver => {
    const memory = MemoryDriver.make()
    const ask = (key: string) => {
      asked.push(key)
      return key.toWellFormed()
    }
    return {
      ...memory,
      get: (keys) => memory.get(keys.map(ask)),
      scan: (range) => memory.scan({ ...range, from: ask(range.from), to: ask(range.to) }),
      commit: (reads, writes) =>
        memory.commit(
          reads.map((read) => ({ ...read, key: ask(read.key) })),
          writes.map((write) => ({ ...write, key: ask(write.key) }))
        )
    }
  }

  it.effect("[ISO-5] is absent, is removed without harm, and never written", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const driver = inBytes(asked)
      yield* put(driver, "a\ufffd", "a\ufffdb")
      const answers = yield* transact(driver)(
        within(driver, (transaction) =>
          Effect.gen(function* () {
            const got = yield* transaction.get("a\ud800")
            const ranges = [
              { from: "a\ud800", to: "a\ud800c", limit: 9 },
              { from: "a", to: "a\udfff", limit: 9 },
              { from: "a\ud800", to: "b", limit: 9 }
            ]
            const scanned = yield* Effect.forEach(ranges, (range) => transaction.scan(range))
            transaction.set("a\ud800", undefined)
            return { got, scanned }
          })
        )
      )
      assert.deepStrictEqual(answers, { got: undefined, scanned: [[], [], []] })
      const written = yield* transact(driver)(
        within(driver, (transaction) =>
          Effect.sync(() => transaction.set("a\ud800", bytes("another")))
        )
      ).pipe(Effect.flip)
      assert.instanceOf(written, StorageError)
      assert.strictEqual(written.reason._tag, "Malformed")
      assert.deepStrictEqual(
        (yield* driver.get(["a\ufffd"])).map((entry) => text(entry?.value)),
        ["a\ufffd"]
      )
      assert.deepStrictEqual(
        asked.filter((key) => !key.isWellFormed()),
        []
      )
    })
  )
})
