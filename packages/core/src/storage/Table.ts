/** Typed records over a key-value transaction: JSON in, checked JSON out. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { StorageError } from "../errors.ts"
import { joinKey, separator } from "../ids.ts"
import * as Utf8 from "../internal/Utf8.ts"
import { type By, defaultLimit, type Page } from "../Page.ts"
import type { Transaction } from "./KeyValue.ts"

/** Just above every key that begins with `prefix` and the separator. */
const above = (prefix: string): string => `${prefix}\u0002`

/** Digits enough for every safe position, so that numbers sort as text. */
export const padded = (n: number): string => n.toString().padStart(16, "0")

/** One kind of record: its name is part of every key, its schema checks what is read. */
export interface Table<A> {
  readonly get: (
    transaction: Transaction,
    path: ReadonlyArray<string>
  ) => Effect.Effect<Option.Option<A>, StorageError>
  readonly set: (transaction: Transaction, path: ReadonlyArray<string>, record: A) => void
  readonly remove: (transaction: Transaction, path: ReadonlyArray<string>) => void
  /** Records whose path begins with `path` and goes on after `after` and before `before`, in order. */
  readonly scan: (
    transaction: Transaction,
    path: ReadonlyArray<string>,
    options: {
      readonly after?: string
      readonly before?: string
      readonly limit: number
      readonly reverse?: boolean
    }
  ) => Effect.Effect<ReadonlyArray<{ readonly rest: string; readonly record: A }>, StorageError>
}

/**
 * The table `name`. The first part of every path is the tenant; an empty one is the region that
 * belongs to no tenant.
 */
export const table = <A>(name: string, schema: Schema.Codec<A>): Table<A> => {
  const decode = Schema.decodeUnknownResult(schema)
  const malformed = Effect.suspend(() =>
    Effect.fail(StorageError.because({ _tag: "Malformed", what: `A stored ${name}` }))
  )
  const keyOf = ([tenant = "", ...rest]: ReadonlyArray<string>) => joinKey(tenant, name, ...rest)
  const read = (bytes: Uint8Array): Effect.Effect<A, StorageError> =>
    Effect.suspend(() => {
      let json: unknown
      try {
        json = JSON.parse(Utf8.decode(bytes))
      } catch {
        return malformed
      }
      const result = decode(json)
      return Result.isSuccess(result) ? Effect.succeed(result.success) : malformed
    })
  return {
    get: (transaction, path) =>
      Effect.flatMap(transaction.get(keyOf(path)), (bytes) =>
        bytes === undefined ? Effect.succeedNone : Effect.map(read(bytes), Option.some)
      ),
    set: (transaction, path, record) =>
      transaction.set(keyOf(path), Utf8.encode(JSON.stringify(record))),
    remove: (transaction, path) => transaction.set(keyOf(path), undefined),
    scan: (transaction, path, { after, before, limit, reverse = false }) => {
      const prefix = keyOf(path)
      const place = after === undefined ? undefined : `${prefix}${separator}${after}`
      const end = before === undefined ? above(prefix) : `${prefix}${separator}${before}`
      return Effect.flatMap(
        transaction.scan({
          from: place === undefined || reverse ? `${prefix}${separator}` : `${place}\u0000`,
          to: place === undefined || !reverse ? end : place,
          limit,
          reverse
        }),
        (pairs) =>
          Effect.forEach(pairs, ({ key, value }) =>
            Effect.map(read(value), (record) => ({
              rest: key.slice(prefix.length + 1),
              record
            }))
          )
      )
    }
  }
}

/** Every record below `path`, in batches. */
export const everything = <A>(
  from: Table<A>,
  transaction: Transaction,
  path: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<{ readonly rest: string; readonly record: A }>, StorageError> =>
  Effect.gen(function* () {
    const all: Array<{ readonly rest: string; readonly record: A }> = []
    const limit = 1000
    let after: string | undefined
    while (true) {
      const batch = yield* from.scan(
        transaction,
        path,
        after === undefined ? { limit } : { limit, after }
      )
      all.push(...batch)
      if (batch.length < limit) return all
      after = batch[batch.length - 1]?.rest
    }
  })

/**
 * One page below `path`, up to `before`, of the records that `keep` wants; the cursor is the rest of
 * the path.
 */
export const page = Effect.fnUntraced(function* <A>(
  from: Table<A>,
  transaction: Transaction,
  path: ReadonlyArray<string>,
  by: By,
  keep: (record: A) => boolean = () => true,
  before?: string
): Effect.fn.Return<Page<A>, StorageError> {
  const limit = by.limit ?? defaultLimit
  const kept: Array<{ readonly rest: string; readonly record: A }> = []
  let after = by.after
  while (kept.length <= limit) {
    const batch = yield* from.scan(transaction, path, {
      ...(after === undefined ? {} : { after }),
      ...(before === undefined ? {} : { before }),
      limit: limit + 1,
      reverse: by.newestFirst === true
    })
    kept.push(...batch.filter(({ record }) => keep(record)))
    if (batch.length <= limit) break
    after = batch[batch.length - 1]?.rest
  }
  const items = kept.slice(0, limit)
  const last = items[items.length - 1]
  return {
    items: items.map(({ record }) => record),
    next: kept.length > limit && last !== undefined ? Option.some(last.rest) : Option.none()
  }
})
