/** Lists come in pages: a cursor goes in, items and the next cursor come out. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Reason, rejected } from "./errors.ts"

/** One page. `next` is the cursor for the page after it; `None` on the last one. */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly next: Option.Option<string>
}

/**
 * Which page.
 * - `after`: the cursor a page gave as `next`; absent for the first page.
 * - `limit`: 1 to 1,000 items, 100 unless said otherwise.
 * - `newestFirst`: turns the order round.
 * - `tags`: only items that carry all of them, where items have tags.
 */
export interface By {
  readonly after?: string
  readonly limit?: number
  readonly newestFirst?: boolean
  readonly tags?: ReadonlyArray<string>
}

export const defaultLimit = 100
export const maximumLimit = 1000

/** The limit to use, or why it is refused. */
export const checkBy = (by: By): Reason | undefined => {
  const limit = by.limit ?? defaultLimit
  return Number.isInteger(limit) && limit >= 1 && limit <= maximumLimit
    ? undefined
    : rejected("limit", `limit must be 1 to ${maximumLimit}, not ${limit}`)
}

/** A page out of `limit + 1` items read: the one too many tells that there is a next page. */
export const pageOf = <A>(
  read: ReadonlyArray<A>,
  limit: number,
  cursor: (item: A) => string
): Page<A> => {
  if (read.length <= limit) return { items: read, next: Option.none() }
  const items = read.slice(0, limit)
  const last = items[items.length - 1]
  return { items, next: last === undefined ? Option.none() : Option.some(cursor(last)) }
}

/** Reads every page, one after another. */
export const allPages = <A, E, R>(
  read: (by: By) => Effect.Effect<Page<A>, E, R>
): Effect.Effect<ReadonlyArray<A>, E, R> =>
  Effect.gen(function* () {
    const items: Array<A> = []
    let by: By = { limit: maximumLimit }
    while (true) {
      const page = yield* read(by)
      items.push(...page.items)
      if (Option.isNone(page.next)) return items
      by = { limit: maximumLimit, after: page.next.value }
    }
  })
