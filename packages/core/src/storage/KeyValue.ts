/**
 * The narrow way to contribute a storage: an ordered key-value driver. Core lifts every store over
 * it once; `transact` collects reads and writes and commits them together.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { StorageError } from "../errors.ts"

/** A stored pair. `version` changes with every write of the key; what it says is the driver's. */
export interface Entry {
  readonly key: string
  readonly value: Uint8Array
  readonly version: string
}

/** Keys from `from` (included) to `to` (excluded), in byte order of their UTF-8. */
export interface Range {
  readonly from: string
  readonly to: string
  readonly limit: number
  readonly reverse?: boolean
}

/** What a commit rests on: the version that was read, `undefined` where nothing was there. */
export interface Read {
  readonly key: string
  readonly version: string | undefined
}

/** What a commit changes; an `undefined` value deletes. */
export interface Write {
  readonly key: string
  readonly value: Uint8Array | undefined
}

export type Durability = "power" | "process" | "memory"

/**
 * What the author of a key-value storage writes.
 * - `durability`: what an acknowledged commit survives.
 * - `owners`: `one` process, or `many`, may have it open.
 * - `get`: the entries of `keys`, in their order; `undefined` where there is none.
 * - `scan`: the entries of a range, at most `limit`.
 * - `commit`: all writes or none; `conflict`, and no write, when a read key has another version now.
 *
 * Interruption of any of them leaves nothing half done [ADP-3].
 */
export interface KeyValueDriver {
  readonly durability: Durability
  readonly owners: "one" | "many"
  readonly get: (
    keys: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<Entry | undefined>, StorageError>
  readonly scan: (range: Range) => Effect.Effect<ReadonlyArray<Entry>, StorageError>
  readonly commit: (
    reads: ReadonlyArray<Read>,
    writes: ReadonlyArray<Write>
  ) => Effect.Effect<"committed" | "conflict", StorageError>
}

/** Orders as the bytes of their UTF-8 do: by code points, not by UTF-16 units. */
export const compareKeys = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Surrogates stand for code points above every other unit. */
const rank = (unit: number): number =>
  unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit

/**
 * Reads and writes of one transaction; it sees its own writes. A key with a lone surrogate has no
 * UTF-8, and a store would take another's for it: it is absent here and never reaches a driver [ISO-5].
 */
export class Transaction {
  readonly driver: KeyValueDriver
  private readonly seen = new Map<string, Entry | undefined>()
  private readonly written = new Map<string, Uint8Array | undefined>()
  /** How often the driver was asked: one answer is of one state, two need to be compared. */
  private asked = 0

  constructor(driver: KeyValueDriver) {
    this.driver = driver
  }

  /** The value of `key`, or `undefined`. */
  get(key: string): Effect.Effect<Uint8Array | undefined, StorageError> {
    if (!key.isWellFormed()) return Effect.succeed(undefined)
    if (this.written.has(key)) return Effect.succeed(this.written.get(key))
    if (this.seen.has(key)) return Effect.succeed(this.seen.get(key)?.value)
    this.asked += 1
    return Effect.map(this.driver.get([key]), ([entry]) => {
      this.seen.set(key, entry)
      return entry?.value
    })
  }

  /** At most `limit` pairs of the range, with this transaction's writes applied. */
  scan(
    range: Range
  ): Effect.Effect<
    ReadonlyArray<{ readonly key: string; readonly value: Uint8Array }>,
    StorageError
  > {
    if (!range.from.isWellFormed() || !range.to.isWellFormed()) return Effect.succeed([])
    this.asked += 1
    const touched = [...this.written].filter(([key]) => inRange(range, key))
    return Effect.map(
      this.driver.scan({ ...range, limit: range.limit + touched.length }),
      (entries) => {
        const found = new Map<string, Uint8Array>()
        for (const entry of entries) {
          if (!this.seen.has(entry.key)) this.seen.set(entry.key, entry)
          found.set(entry.key, entry.value)
        }
        for (const [key, value] of touched) {
          if (value === undefined) found.delete(key)
          else found.set(key, value)
        }
        const direction = range.reverse === true ? -1 : 1
        return [...found]
          .map(([key, value]) => ({ key, value }))
          .sort((a, b) => direction * compareKeys(a.key, b.key))
          .slice(0, range.limit)
      }
    )
  }

  set(key: string, value: Uint8Array | undefined): void {
    if (value !== undefined || key.isWellFormed()) this.written.set(key, value)
  }

  /** Runs `self` as a part of this transaction that leaves nothing when it does not succeed. */
  part<A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      const before = [...this.written]
      return Effect.onError(self, () =>
        Effect.sync(() => {
          this.written.clear()
          for (const [key, value] of before) this.written.set(key, value)
        })
      )
    })
  }

  /** Commits; where nothing was written, tells whether all that was read is of one state. */
  commit(): Effect.Effect<"committed" | "conflict", StorageError> {
    if (this.written.size === 0) return this.validate()
    for (const key of this.written.keys()) {
      if (!key.isWellFormed()) {
        return Effect.fail(StorageError.because({ _tag: "Malformed", what: "A key" }))
      }
    }
    return this.driver.commit(
      this.reads(),
      [...this.written].map(([key, value]) => ({ key, value }))
    )
  }

  /** Whether all that was read is of one state, which is sure of a single answer. */
  validate(): Effect.Effect<"committed" | "conflict", StorageError> {
    return this.asked < 2 ? Effect.succeed("committed") : this.driver.commit(this.reads(), [])
  }

  private reads(): ReadonlyArray<Read> {
    return [...this.seen].map(([key, entry]) => ({ key, version: entry?.version }))
  }
}

const inRange = (range: Range, key: string): boolean =>
  compareKeys(key, range.from) >= 0 && compareKeys(key, range.to) < 0

/** The transaction that the present fiber is in. */
const Current = Context.Reference<Transaction | undefined>(
  "@atrium/core/storage/KeyValue/Current",
  {
    defaultValue: () => undefined
  }
)

/** Runs of one transaction before it is given up: contention this high is a mistake in the app. */
const maximumRuns = 64

/**
 * Runs `self` in one transaction over `driver`: its writes are committed together when it succeeds
 * and forgotten when it fails or is interrupted. Runs it again when what it read has changed, so
 * `self` must do nothing but read and write stores. Inside another transaction of the driver it
 * joins it: it is committed with the outer one, and leaves nothing there when it fails itself.
 */
export const transact =
  (driver: KeyValueDriver) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | StorageError, R> =>
    Effect.withFiber((fiber) => {
      const outer = fiber.getRef(Current)
      return outer !== undefined && outer.driver === driver
        ? outer.part(self)
        : attempt(driver, self, 1)
    })

const attempt = <A, E, R>(
  driver: KeyValueDriver,
  self: Effect.Effect<A, E, R>,
  run: number
): Effect.Effect<A, E | StorageError, R> =>
  Effect.suspend(() => {
    const transaction = new Transaction(driver)
    const again = Effect.suspend(() => Effect.andThen(pause(run), attempt(driver, self, run + 1)))
    return Effect.matchCauseEffect(Effect.provideService(self, Current, transaction), {
      onSuccess: (value) =>
        Effect.flatMap(transaction.commit(), (outcome): Effect.Effect<A, E | StorageError, R> => {
          if (outcome === "committed") return Effect.succeed(value)
          return run < maximumRuns ? again : Effect.fail(contended)
        }),
      // A failure that rests on halves of two states would not have happened in either.
      onFailure: (cause) =>
        Effect.flatMap(
          Cause.hasInterrupts(cause) ? Effect.succeed("committed") : transaction.validate(),
          (outcome): Effect.Effect<A, E | StorageError, R> =>
            outcome === "conflict" && run < maximumRuns ? again : Effect.failCause(cause)
        )
    })
  })

const contended = StorageError.because({ _tag: "Conflict", what: "transaction", revision: null })

/** Spreads the runs that lost, so that they do not meet again. */
const pause = (run: number) =>
  run === 1
    ? Effect.yieldNow
    : Effect.flatMap(Random.nextIntBetween(0, Math.min(run, 20)), (ms) => Effect.sleep(ms))

/** Runs `body` in the present transaction of `driver`, or in one of its own. */
export const within = <A, E, R>(
  driver: KeyValueDriver,
  body: (transaction: Transaction) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | StorageError, R> => {
  const self: Effect.Effect<A, E | StorageError, R> = Effect.withFiber((fiber) => {
    const current = fiber.getRef(Current)
    return current !== undefined && current.driver === driver
      ? body(current)
      : attempt(driver, self, 1)
  })
  return self
}
