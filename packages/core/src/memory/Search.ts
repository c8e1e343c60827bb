/** Passages by their words. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { StorageError } from "../errors.ts"
import type { Archive } from "../storage/Archive.ts"
import type { PassageRecord } from "../storage/PassageStore.ts"
import type { Storage } from "../storage/Storage.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import * as Words from "./Words.ts"

/**
 * Something that was found. `score`: above 0, comparable within one search only. `why`: the words of
 * the query that it holds.
 */
export interface Hit<A> {
  readonly item: A
  readonly score: number
  readonly why: ReadonlyArray<string>
}

/** How many hits, best first: 1 to 100, 10 unless said otherwise. */
export interface Top {
  readonly limit?: number
}

export const defaultTop = 10
export const maximumTop = 100

/**
 * The passages of these archives that hold any word of `query`, best first, ranked as one archive by
 * what the scope may see of them [ISO-6]. Nothing for a query without words that tell anything.
 */
export const passages = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  scope: TenantScope,
  archives: ReadonlyArray<Archive>,
  query: string,
  limit: number = defaultTop
): Effect.fn.Return<ReadonlyArray<Hit<PassageRecord>>, StorageError> {
  const words = Words.ofQuery(query)
  if (words.size === 0) return []
  const { passages, words: index } = storage.stores
  const found = yield* index.search(scope, archives, [...words.keys()], limit)
  const records = yield* passages.find(
    scope,
    found.map(({ item }) => item)
  )
  const scores = new Map(found.map(({ item, score }) => [item, score]))
  return records.map((item) => ({
    item,
    score: scores.get(item.id) ?? 0,
    why: Words.matched(words, Words.ofText(item.text))
  }))
})

/** Titles of the documents that passages were cut from, by passage id; "" where there is none. */
export const titles = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  scope: TenantScope,
  records: ReadonlyArray<PassageRecord>
): Effect.fn.Return<ReadonlyMap<string, string>, StorageError> {
  const read = new Map<string, string>()
  const byPassage = new Map<string, string>()
  for (const { archive, document, id } of records) {
    if (document === null) {
      byPassage.set(id, "")
      continue
    }
    const key = JSON.stringify([archive.id, document])
    if (!read.has(key)) {
      const found = yield* storage.stores.documents.find(scope, archive.id, document)
      read.set(key, Option.match(found, { onNone: () => "", onSome: ({ title }) => title }))
    }
    byPassage.set(id, read.get(key) ?? "")
  }
  return byPassage
})
