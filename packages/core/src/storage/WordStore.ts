/**
 * Which words stand in which item of an archive, ranked by BM25 over the searched archives' own
 * statistics [ISO-6]: k1 = 1.2, b = 0.75, idf = ln(1 + (n - df + 0.5) / (df + 0.5)) (Robertson and
 * Zaragoza, The Probabilistic Relevance Framework, 2009).
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { StorageError } from "../errors.ts"
import { joinKey } from "../ids.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { type Archive, archivePath, ownsArchive, seesArchive } from "./Archive.ts"
import { compareKeys, type KeyValueDriver, type Transaction, within } from "./KeyValue.ts"
import { everything, table } from "./Table.ts"

const S = Schema.String
const N = Schema.Int

export const k1 = 1.2
export const b = 0.75

/** An item to find: a passage's id or a message's place, and how often each word stands in it. */
export interface WordItem {
  readonly item: string
  readonly words: ReadonlyMap<string, number>
}

/** An item that was found; `score` is above 0 and comparable within one search only. */
export interface Found {
  readonly archive: Archive
  readonly item: string
  readonly score: number
}

/** A scope with a user sees the archives of that user and those that no user owns. */
export interface WordStore {
  /**
   * Keeps the words of each item that is not there yet, and raises the archive's mark to `mark`; in
   * an archive that the scope does not own nothing is written.
   */
  readonly add: (
    scope: TenantScope,
    archive: Archive,
    items: ReadonlyArray<WordItem>,
    mark: number
  ) => Effect.Effect<void, StorageError>
  /** Forgets items, so that nothing finds them [MEM-6]. */
  readonly remove: (
    scope: TenantScope,
    archive: Archive,
    items: ReadonlyArray<string>
  ) => Effect.Effect<void, StorageError>
  /**
   * The items of the archives that hold any of `words`, best first, equal ones by archive and item;
   * at most `limit`. The archives are ranked as one.
   */
  readonly search: (
    scope: TenantScope,
    archives: ReadonlyArray<Archive>,
    words: ReadonlyArray<string>,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Found>, StorageError>
  /** How far each archive is indexed, by its owner's count; 0 for one that is not there. */
  readonly marks: (
    scope: TenantScope,
    archives: ReadonlyArray<Archive>
  ) => Effect.Effect<ReadonlyArray<number>, StorageError>
  /** Forgets the archives of this kind and id that the scope owns, of all users. */
  readonly clear: (
    scope: TenantScope,
    of: Pick<Archive, "kind" | "id">
  ) => Effect.Effect<void, StorageError>
}

/** `length`: words in the item, each as often as it stands there. */
const Posting = Schema.Struct({ times: N, length: N })
const Statistics = Schema.Struct({ userId: Schema.NullOr(S), items: N, length: N, mark: N })

const postings = table("word", Posting)
/** The words of an item, for its removal. */
const wordsOf = table("word-item", Schema.Array(S))
const statistics = table("word-archive", Statistics)

/** How many words an item has, each as often as it stands there. */
export const countOf = (words: ReadonlyMap<string, number>): number => {
  let length = 0
  for (const times of words.values()) length += times
  return length
}

/** The score that one word gives an item; `mean` is the mean length of the items searched. */
const scoreOf = (
  { length, times }: { readonly times: number; readonly length: number },
  items: number,
  having: number,
  mean: number
): number =>
  (Math.log(1 + (items - having + 0.5) / (having + 0.5)) * times * (k1 + 1)) /
  (times + k1 * (1 - b + (b * length) / mean))

interface Postings {
  readonly archive: Archive
  readonly rows: ReadonlyArray<{ readonly rest: string; readonly record: typeof Posting.Type }>
}

export const makeWordStore = (driver: KeyValueDriver): WordStore => {
  const statisticsOf = (tx: Transaction, scope: TenantScope, archive: Archive) =>
    Effect.map(
      statistics.get(tx, archivePath(scope, archive)),
      Option.getOrElse(() => ({ userId: archive.userId, items: 0, length: 0, mark: 0 }))
    )

  const removeFrom = Effect.fnUntraced(function* (
    tx: Transaction,
    scope: TenantScope,
    archive: Archive,
    items: ReadonlyArray<string>
  ): Effect.fn.Return<void, StorageError> {
    const path = archivePath(scope, archive)
    const before = yield* statisticsOf(tx, scope, archive)
    let { items: count, length } = before
    for (const item of new Set(items)) {
      const words = yield* wordsOf.get(tx, [...path, item])
      if (Option.isNone(words)) continue
      const [first] = words.value
      // Each of its postings tells the item's length.
      const posting =
        first === undefined ? Option.none() : yield* postings.get(tx, [...path, first, item])
      if (Option.isSome(posting)) length -= posting.value.length
      for (const word of words.value) postings.remove(tx, [...path, word, item])
      wordsOf.remove(tx, [...path, item])
      count -= 1
    }
    if (count !== before.items) statistics.set(tx, path, { ...before, items: count, length })
  })

  return {
    add: (scope, archive, items, mark) =>
      within(
        driver,
        Effect.fnUntraced(function* (tx) {
          if (!ownsArchive(scope, archive)) return
          const path = archivePath(scope, archive)
          const before = yield* statisticsOf(tx, scope, archive)
          let { items: count, length } = before
          for (const { item, words } of items) {
            if (Option.isSome(yield* wordsOf.get(tx, [...path, item]))) continue
            const own = countOf(words)
            for (const [word, times] of words) {
              postings.set(tx, [...path, word, item], { times, length: own })
            }
            wordsOf.set(tx, [...path, item], [...words.keys()])
            count += 1
            length += own
          }
          statistics.set(tx, path, {
            ...before,
            items: count,
            length,
            mark: Math.max(mark, before.mark)
          })
        })
      ),
    remove: (scope, archive, items) =>
      within(driver, (tx) =>
        ownsArchive(scope, archive) ? removeFrom(tx, scope, archive, items) : Effect.void
      ),
    search: (scope, archives, words, limit) =>
      within(
        driver,
        Effect.fnUntraced(function* (tx) {
          // One that is named twice weighs once.
          const seen = new Map(
            archives
              .filter((archive) => seesArchive(scope, archive))
              .map((archive) => [joinKey(...archivePath(scope, archive)), archive])
          )
          const all = yield* Effect.forEach(seen.values(), (archive) =>
            statisticsOf(tx, scope, archive)
          )
          const items = all.reduce((sum, one) => sum + one.items, 0)
          const mean = all.reduce((sum, one) => sum + one.length, 0) / Math.max(1, items)
          const found = new Map<string, { archive: Archive; item: string; score: number }>()
          for (const word of new Set(words)) {
            const having: ReadonlyArray<Postings> = yield* Effect.forEach(
              seen.values(),
              (archive) =>
                Effect.map(
                  everything(postings, tx, [...archivePath(scope, archive), word]),
                  (rows) => ({ archive, rows })
                )
            )
            const count = having.reduce((sum, { rows }) => sum + rows.length, 0)
            for (const { archive, rows } of having) {
              for (const { record, rest } of rows) {
                const key = joinKey(...archivePath(scope, archive), rest)
                const score = scoreOf(record, items, count, mean)
                const old = found.get(key)
                if (old === undefined)
                  found.set(key, { archive: { ...archive }, item: rest, score })
                else old.score += score
              }
            }
          }
          return [...found]
            .sort(([x, one], [y, other]) => other.score - one.score || compareKeys(x, y))
            .slice(0, limit)
            .map(([, hit]) => hit)
        })
      ),
    marks: (scope, archives) =>
      within(driver, (tx) =>
        Effect.forEach(archives, (archive) =>
          seesArchive(scope, archive)
            ? Effect.map(statisticsOf(tx, scope, archive), ({ mark }) => mark)
            : Effect.succeed(0)
        )
      ),
    clear: (scope, { id, kind }) =>
      within(
        driver,
        Effect.fnUntraced(function* (tx) {
          for (const { record } of yield* everything(statistics, tx, [scope.tenantId, kind, id])) {
            const archive: Archive = { kind, id, userId: record.userId }
            if (!ownsArchive(scope, archive)) continue
            const path = archivePath(scope, archive)
            const items = yield* everything(wordsOf, tx, path)
            yield* removeFrom(
              tx,
              scope,
              archive,
              items.map(({ rest }) => rest)
            )
            statistics.remove(tx, path)
          }
        })
      )
  }
}
