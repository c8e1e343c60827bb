/** What a group of transactions promises: one commit for all, and each alone in its failure. */
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as GroupCommit from "../src/GroupCommit.ts"
import * as SqliteConnection from "../src/SqliteConnection.ts"

/** A database with a table of numbers and a second one whose promises are looked at on COMMIT. */
const database = () => {
  const db = new DatabaseSync(":memory:")
  db.exec(`
    PRAGMA foreign_keys = ON;
    CREATE TABLE number (n INTEGER PRIMARY KEY) STRICT;
    CREATE TABLE promise (n INTEGER REFERENCES number (n) DEFERRABLE INITIALLY DEFERRED) STRICT`)
  const group = GroupCommit.make(db, SqliteConnection.make(db))
  const run = (sql: string) => group.write((connection) => connection.executeValues(sql, []))
  const numbers = Effect.map(
    group.read((connection) => connection.executeValues("SELECT n FROM number ORDER BY n", [])),
    (rows) => rows.map(([n]) => n)
  )
  return {
    db,
    group,
    numbers,
    run,
    add: (n: number) => run(`INSERT INTO number VALUES (${n})`),
    fail: Effect.fail("refused" as const)
  }
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i)

describe("a group commit", () => {
  it.live("commits what waits at the same moment together", () =>
    Effect.gen(function* () {
      const { add, group, numbers } = database()
      yield* Effect.forEach(range(50), (n) => group.transact(add(n)), {
        concurrency: "unbounded",
        discard: true
      })
      assert.deepStrictEqual(group.counts(), { commits: 1, transactions: 50 })
      assert.deepStrictEqual(yield* numbers, range(50))
    })
  )

  it.live("rolls one that fails back alone", () =>
    Effect.gen(function* () {
      const { add, fail, group, numbers } = database()
      const exits = yield* Effect.forEach(
        range(6),
        (n) => Effect.exit(group.transact(n % 2 === 0 ? add(n) : Effect.andThen(add(n), fail))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false, true, false, true, false])
      assert.deepStrictEqual(exits[1], Exit.fail("refused"))
      assert.deepStrictEqual(yield* numbers, [0, 2, 4])
      assert.strictEqual(group.counts().commits, 1)
    })
  )

  it.live("gives a defect to its own caller only", () =>
    Effect.gen(function* () {
      const { add, group, numbers } = database()
      const [died, fine] = yield* Effect.all(
        [
          Effect.exit(group.transact(Effect.andThen(add(1), Effect.die("a bug")))),
          Effect.exit(group.transact(add(2)))
        ],
        { concurrency: 2 }
      )
      assert.isTrue(Exit.isFailure(died) && Cause.hasDies(died.cause))
      assert.isTrue(Exit.isSuccess(fine))
      assert.deepStrictEqual(yield* numbers, [2])
    })
  )

  it.live("answers nobody, and keeps nothing, when the COMMIT fails", () =>
    Effect.gen(function* () {
      const { add, group, numbers, run } = database()
      const broken = Effect.exit(group.transact(run("INSERT INTO promise VALUES (99)")))
      const exits = yield* Effect.all([Effect.exit(group.transact(add(1))), broken], {
        concurrency: 2
      })
      for (const exit of exits) {
        const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.include(error, { _tag: "StorageError" })
      }
      assert.deepStrictEqual(yield* numbers, [])
      yield* group.transact(add(2))
      assert.deepStrictEqual(yield* numbers, [2])
    })
  )

  it.live("keeps nothing of a body that goes on after SQLite gave its transaction up", () =>
    Effect.gen(function* () {
      const { add, group, numbers, run } = database()
      yield* add(1)
      const body = add(2).pipe(
        Effect.andThen(Effect.ignore(run("INSERT OR ROLLBACK INTO number VALUES (1)"))),
        Effect.andThen(add(3))
      )
      const [first, second, third] = yield* Effect.all(
        [
          Effect.exit(group.transact(add(4))),
          Effect.exit(group.transact(body)),
          Effect.exit(group.transact(add(5)))
        ],
        { concurrency: 3 }
      )
      assert.isTrue(Exit.isFailure(first) && Exit.isFailure(second))
      assert.isTrue(Exit.isSuccess(third), "the one after it begins anew")
      assert.deepStrictEqual(yield* numbers, [1, 5])
    })
  )

  it.live("fails with a typed error where there is no room", () =>
    Effect.gen(function* () {
      const { add, db, group, numbers, run } = database()
      db.exec("CREATE TABLE text (t TEXT); PRAGMA max_page_count = 8")
      const full = yield* Effect.flip(
        group.transact(
          Effect.andThen(add(1), run("INSERT INTO text VALUES (hex(zeroblob(100000)))"))
        )
      )
      assert.include(full, { _tag: "SqlError" })
      yield* group.transact(add(2))
      assert.deepStrictEqual(yield* numbers, [2])
    })
  )

  it.live("undoes a part that fails, and commits the rest with the whole", () =>
    Effect.gen(function* () {
      const { add, fail, group, numbers } = database()
      const inner = group.transact(Effect.andThen(add(3), fail))
      const part = group.transact(Effect.andThen(add(2), Effect.ignore(inner)))
      yield* group.transact(
        Effect.gen(function* () {
          yield* add(1)
          yield* part
          yield* Effect.ignore(group.transact(Effect.andThen(add(4), fail)))
        })
      )
      assert.deepStrictEqual(yield* numbers, [1, 2])
      assert.strictEqual(group.counts().commits, 1)
    })
  )

  it.live("sees its own writes; others see them after the commit, also of a body that waits", () =>
    Effect.gen(function* () {
      const { add, group, numbers } = database()
      const gate = yield* Deferred.make<void>()
      const writer = yield* Effect.forkChild(
        group.transact(
          Effect.gen(function* () {
            yield* add(1)
            yield* Deferred.await(gate)
            return yield* numbers
          })
        )
      )
      yield* Effect.sleep(5)
      const reader = yield* Effect.forkChild(numbers)
      const next = yield* Effect.forkChild(group.transact(add(2)))
      yield* Effect.sleep(5)
      assert.isUndefined(reader.pollUnsafe(), "a reader saw what was not committed")
      assert.isUndefined(next.pollUnsafe())
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* Fiber.join(writer), [1])
      assert.deepStrictEqual(yield* Fiber.join(reader), [1])
      yield* Fiber.join(next)
      assert.deepStrictEqual(yield* numbers, [1, 2])
    })
  )

  it.live(
    "leaves nothing of a body that is interrupted, and has freed the connection by then",
    () =>
      Effect.gen(function* () {
        const { add, db, group, numbers } = database()
        const slow = Effect.ensuring(Effect.never, Effect.sleep(10))
        const writer = yield* Effect.forkChild(group.transact(Effect.andThen(add(1), slow)))
        const beside = yield* Effect.forkChild(group.transact(add(2)))
        yield* Effect.sleep(5)
        assert.isTrue(db.isTransaction)
        yield* Fiber.interrupt(writer)
        assert.isFalse(db.isTransaction)
        yield* Fiber.join(beside)
        assert.deepStrictEqual(yield* numbers, [2])
      })
  )

  it.live("does not begin what was interrupted before its turn came", () =>
    Effect.gen(function* () {
      const { add, group, numbers } = database()
      const writer = yield* Effect.forkChild(group.transact(add(1)), { startImmediately: true })
      yield* Fiber.interrupt(writer)
      yield* Effect.sleep(5)
      assert.deepStrictEqual(yield* numbers, [])
      assert.strictEqual(group.counts().transactions, 0)
    })
  )

  it.live("lets what waits end when it is closed, and refuses what comes later", () =>
    Effect.gen(function* () {
      const { add, db, group } = database()
      const waiting = yield* Effect.forkChild(group.transact(add(1)), { startImmediately: true })
      yield* group.close
      yield* Fiber.join(waiting)
      assert.strictEqual(db.prepare("SELECT count(*) c FROM number").get()?.["c"], 1)
      const late = yield* Effect.flip(group.transact(add(2)))
      assert.include(late, { _tag: "StorageError" })
    })
  )
})
