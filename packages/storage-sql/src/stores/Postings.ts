/** Postings of many items, written piece by piece: a long document holds nobody's answers up. */
import type { StorageError } from "@atrium/core/errors"
import * as Effect from "effect/Effect"
import type { Value } from "../Statement.ts"

type Rows = ReadonlyArray<ReadonlyArray<Value>>

/** Rows after which others may work: some 20 ms. */
const piece = 2500

/**
 * Writes `rows` in pieces, with a pause for others between two of them. Call it inside a
 * transaction, so that nobody sees a part.
 */
export const inPieces = Effect.fnUntraced(function* <A>(
  rows: ReadonlyArray<A>,
  write: (some: ReadonlyArray<A>) => Effect.Effect<unknown, StorageError>,
  size: number = piece
): Effect.fn.Return<void, StorageError> {
  for (let from = 0; from < rows.length; from += size) {
    if (from > 0) yield* Effect.yieldNow
    yield* write(rows.length <= size ? rows : rows.slice(from, from + size))
  }
})

/**
 * Rows that begin with a word, those of a word together and the words in order: in pieces too, each
 * page of the tree is written once.
 */
export const byWord = (rows: Rows): Rows => {
  if (rows.length <= piece) return rows
  const grouped = Map.groupBy(rows, ([word]) => `${word}`)
  return [...grouped.keys()].sort().flatMap((word) => grouped.get(word) ?? [])
}
