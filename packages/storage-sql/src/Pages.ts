/** Pages in SQL: from a cursor on, in the order of a key, one row more than asked to see the end. */
import { StorageError } from "@atrium/core/errors"
import { joinKey, separator } from "@atrium/core/ids"
import { type By, checkBy, defaultLimit, type Page, pageOf } from "@atrium/core/Page"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { LIMIT, type Row, type Sql, type Value } from "./Statement.ts"

/**
 * A listing.
 * - `select`: up to and with its first condition. `key`: the columns it is ordered by, unique together.
 * - `read`: the records of rows. `cursor`: the key of a record, as its page gives it out.
 * - `place`: the key a cursor stands for, or `undefined` when it is no cursor of ours.
 */
export interface Listing<A> {
  readonly select: string
  readonly key: ReadonlyArray<string>
  readonly read: (rows: ReadonlyArray<Row>) => Effect.Effect<ReadonlyArray<A>, StorageError>
  readonly cursor: (record: A) => string
  readonly place: (cursor: string) => ReadonlyArray<Value> | undefined
}

/** A page of `parameters`' rows. */
export type List<A> = (
  parameters: ReadonlyArray<Value>,
  by: By
) => Effect.Effect<Page<A>, StorageError>

/** A cursor only says where to go on: what may be seen is in the conditions, before it [ISO-1]. */
export const pages = <A>(sql: Sql, listing: Listing<A>): List<A> => {
  const { cursor, key, place, read, select } = listing
  const columns = key.join(", ")
  const marks = key.map(() => "?").join(", ")
  const variant = (compare: string, direction: string) => {
    const order = `order by ${key.map((column) => `${column} ${direction}`).join(", ")} ${LIMIT}`
    return {
      first: sql.read(`${select} ${order}`),
      after: sql.read(`${select} and (${columns}) ${compare} (${marks}) ${order}`)
    }
  }
  const oldest = variant(">", "asc")
  const newest = variant("<", "desc")
  return (parameters, by) => {
    const refused = checkBy(by)
    if (refused !== undefined) return Effect.fail(StorageError.because(refused))
    const limit = by.limit ?? defaultLimit
    const { after, first } = by.newestFirst === true ? newest : oldest
    const at = by.after === undefined ? undefined : place(by.after)
    if (by.after !== undefined && at === undefined) return Effect.fail(noCursor)
    const rows =
      at === undefined
        ? first([...parameters, limit + 1])
        : after([...parameters, ...at, limit + 1])
    return Effect.map(Effect.flatMap(rows, read), (records) => pageOf(records, limit, cursor))
  }
}

/**
 * As `list`, but where `by.tags` are given only what carries all of them: such records are few in
 * number, and looked for page by page.
 */
export const tagged = <A extends { readonly tags: ReadonlyArray<string> }>(
  list: List<A>,
  cursor: (record: A) => string
): List<A> =>
  Effect.fnUntraced(function* (parameters, by): Effect.fn.Return<Page<A>, StorageError> {
    const { tags = [] } = by
    if (tags.length === 0) return yield* list(parameters, by)
    const limit = by.limit ?? defaultLimit
    const kept: Array<A> = []
    let next = by
    while (true) {
      const page = yield* list(parameters, next)
      for (const record of page.items) {
        if (tags.every((tag) => record.tags.includes(tag))) kept.push(record)
      }
      if (kept.length > limit || Option.isNone(page.next)) {
        return pageOf(kept.slice(0, limit + 1), limit, cursor)
      }
      next = { ...by, after: page.next.value }
    }
  })

const noCursor = StorageError.because({
  _tag: "Rejected",
  field: "after",
  why: "after is not a cursor that a page gave. Leave it out to start from the beginning."
})

/** Cursors that are one id. */
export const byId = (cursor: string): ReadonlyArray<Value> => [cursor]

/** Cursors that are two ids; what has no separator is no such cursor. */
export const byPair = (cursor: string): ReadonlyArray<Value> | undefined => {
  const [first, second, more] = cursor.split(separator)
  return first === undefined || second === undefined || more !== undefined
    ? undefined
    : [first, second]
}

/** The cursor of two ids. */
export const pair = (first: string, second: string): string => joinKey(first, second)
