/**
 * BM25 in one statement. Every count that ranks an item is of the searched archives alone, read under
 * the tenant's key: no stranger's rows weigh [ISO-6].
 */

import { joinKey } from "@atrium/core/ids"
import { type Archive, archivePath } from "@atrium/core/storage/Archive"
import { compareKeys } from "@atrium/core/storage/KeyValue"
import { b, type Found, k1, type WordStore } from "@atrium/core/storage/WordStore"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import * as Effect from "effect/Effect"
import { numbered, seenOf } from "../Archives.ts"
import { mine } from "../Confine.ts"
import type { Dialect } from "../Dialect.ts"
import { type Reader, readAll } from "../Reader.ts"
import { LIMIT, type Sql } from "../Statement.ts"
import { listed } from "../Verbatim.ts"

const readHits = readAll("posting", (row: Reader) => ({
  place: row.int(),
  item: row.verbatim(),
  score: row.real()
}))

/** The archives once each, in the order of their paths, which ranks equal items. */
const ordered = (scope: TenantScope, archives: ReadonlyArray<Archive>): ReadonlyArray<Archive> => {
  const byPath = new Map(
    archives.map((archive) => [joinKey(...archivePath(scope, archive)), archive])
  )
  return [...byPath].sort(([x], [y]) => compareKeys(x, y)).map(([, archive]) => archive)
}

/**
 * - `seen`: the archives, numbered. `asked`: the words, numbered. `hits`: every posting of them.
 * - `total`: items of all archives, and their mean length. `weights`: the idf of each word.
 *
 * Joined in this order, whatever a planner guesses: each pair of an archive and a word is one range
 * of the postings' key.
 */
const statement = (dialect: Dialect): string =>
  `with seen as materialized (select * from ${seenOf(dialect)}),
   asked as materialized (select * from ${dialect.records({ number: "whole", word: "text" })} listed),
   total as materialized (
     select cast(sum(a.items) as double precision) items,
       cast(sum(a.length) as double precision) / nullif(sum(a.items), 0) mean
     from seen cross join archives a where a.tenant = ?
       and a.kind = seen.kind and a.archive = seen.archive and a.user_id = seen.user_id),
   hits as materialized (
     select seen.place, asked.number, p.item, p.times, p.length
     from seen cross join asked cross join postings p where p.tenant = ? and p.kind = seen.kind
       and p.archive = seen.archive and p.user_id = seen.user_id and p.word = asked.word),
   counts as materialized (select number, count(*) having_it from hits group by number),
   weights as materialized (
     select number, mean,
       ln(1 + (items - having_it + 0.5) / (having_it + 0.5)) idf from counts cross join total)
   select place, item, sum(idf * times * ${k1 + 1} /
     (times + ${k1} * (${1 - b} + ${b} * length / mean))) score
   from hits cross join weights where weights.number = hits.number
   group by place, item order by score desc, place, item ${LIMIT}`

/** How many items the archives hold together. */
const counting = (dialect: Dialect): string =>
  `with seen as materialized (select * from ${seenOf(dialect)})
   select cast(coalesce(sum(a.items), 0) as ${dialect.integer}) from seen cross join archives a
   where a.tenant = ? and a.kind = seen.kind and a.archive = seen.archive
     and a.user_id = seen.user_id`

/** Postings that are read in one statement: some 30 ms, after which others may work. */
const atOnce = 20_000
/** So few words are not worth a look at how much there is to read. */
const fewWords = 4

interface Hit {
  readonly place: number
  readonly item: string
  score: number
  /** What rounding took from the score, so that it does not rest on the order of the words. */
  rest: number
}

/** Adds up what the words give each item, some words at a time. */
class Ranking {
  private readonly hits = new Map<string, Hit>()

  add(found: ReadonlyArray<Pick<Hit, "place" | "item" | "score">>): void {
    for (const { item, place, score } of found) {
      const key = `${place} ${item}`
      const hit = this.hits.get(key)
      if (hit === undefined) this.hits.set(key, { place, item, score, rest: 0 })
      else {
        const sum = hit.score + score
        hit.rest += hit.score >= score ? hit.score - sum + score : score - sum + hit.score
        hit.score = sum
      }
    }
  }

  best(limit: number): ReadonlyArray<Hit> {
    for (const hit of this.hits.values()) hit.score += hit.rest
    return [...this.hits.values()]
      .sort((x, y) => y.score - x.score || x.place - y.place || compareKeys(x.item, y.item))
      .slice(0, limit)
  }
}

/** `search` of the store. Many words in many items are read some words at a time. */
export const searchWords = (sql: Sql): WordStore["search"] => {
  const search = sql.read(statement(sql.dialect))
  const count = sql.read(counting(sql.dialect))
  const readCount = readAll("archive", (row: Reader) => row.int())
  return Effect.fnUntraced(function* (scope, archives, words, limit) {
    if (archives.length === 0 || words.length === 0) return []
    const places = ordered(scope, archives)
    const asked = [...new Set(words)]
    const most = Math.max(0, Math.floor(limit))
    const seen = numbered(places)
    const some = (group: ReadonlyArray<string>, limit: number) =>
      Effect.flatMap(
        search([
          seen,
          mine(scope),
          listed(group.map((word, i) => [i, word])),
          scope.tenantId,
          scope.tenantId,
          limit
        ]),
        readHits
      )
    let size = asked.length
    if (size > fewWords) {
      const [items = 0] = yield* Effect.flatMap(
        count([seen, mine(scope), scope.tenantId]),
        readCount
      )
      size = Math.max(1, Math.min(size, Math.floor(atOnce / Math.max(1, items))))
    }
    let hits: ReadonlyArray<Pick<Hit, "place" | "item" | "score">>
    if (size === asked.length) hits = yield* some(asked, most)
    else {
      const ranking = new Ranking()
      for (let from = 0; from < asked.length; from += size) {
        if (from > 0) yield* Effect.yieldNow
        ranking.add(yield* some(asked.slice(from, from + size), Number.MAX_SAFE_INTEGER))
      }
      hits = ranking.best(most)
    }
    return hits.flatMap(({ item, place, score }): ReadonlyArray<Found> => {
      const archive = places[place]
      return archive === undefined ? [] : [{ archive: { ...archive }, item, score }]
    })
  })
}
