/** Which words stand in which item of an archive. A scope sees and writes archives as passages. */
import type { StorageError } from "@atrium/core/errors"
import { type Archive, ownsArchive } from "@atrium/core/storage/Archive"
import { countOf, type WordStore } from "@atrium/core/storage/WordStore"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import * as Effect from "effect/Effect"
import { clearArchives, numbered, OF_ARCHIVE, placeOf, seenOf } from "../Archives.ts"
import { mine } from "../Confine.ts"
import { type Reader, readAll } from "../Reader.ts"
import type { Sql, Value } from "../Statement.ts"
import { listed } from "../Verbatim.ts"
import { byWord, inPieces } from "./Postings.ts"
import { searchWords } from "./WordSearch.ts"

/** Items, each with all its words, that are written or removed in one statement. */
const itemsAtOnce = 250

const place = "tenant, kind, archive, user_id"

const readItems = readAll("item", (row: Reader) => row.verbatim())
const readRemoved = readAll("item", (row: Reader) => ({
  item: row.verbatim(),
  length: row.int(),
  words: row.texts()
}))
const readMarks = readAll("archive", (row: Reader) => ({ place: row.int(), mark: row.int() }))

/** `clear` of the store, as a part of the removal of a conversation too. */
export const clearWords = (sql: Sql): WordStore["clear"] =>
  clearArchives(sql, ["postings", "words", "archives"])

export const makeWordStore = (sql: Sql): WordStore => {
  const { records } = sql.dialect
  /** Writes the items that are not there yet, and answers which those were. */
  const insertItems = sql.write(
    `insert into words (${place}, item, length, words) select ?, ?, ?, ?, item, length, words
     from ${records({ item: "text", length: "whole", words: "text" })} given where 1 = 1
     on conflict do nothing returning item`
  )
  /** In the order of their key, which writes each page of the tree once. */
  const insertPostings = sql.write(
    `insert into postings (${place}, word, item, times, length)
     select ?, ?, ?, ?, word, item, times, length
     from ${records({ word: "text", item: "text", times: "whole", length: "whole" })} given
     where 1 = 1 order by word, item on conflict do nothing`
  )
  const count = sql.write(
    `insert into archives (${place}, items, length, mark) values (?, ?, ?, ?, ?, ?, ?)
     on conflict (${place}) do update set items = archives.items + excluded.items,
       length = archives.length + excluded.length,
       mark = case when excluded.mark > archives.mark then excluded.mark else archives.mark end`
  )
  const removeItems = sql.write(
    `delete from words where ${OF_ARCHIVE}
     and item in (select item from ${records({ item: "text" })} given)
     returning item, length, words`
  )
  const removePostings = sql.write(
    `delete from postings where ${OF_ARCHIVE} and (word, item) in
       (select word, item from ${records({ word: "text", item: "text" })} given)`
  )
  const discount = sql.write(
    `update archives set items = items - ?, length = length - ? where ${OF_ARCHIVE}`
  )
  const marks = sql.read(
    `with given as materialized (select * from ${seenOf(sql.dialect)})
     select given.place, a.mark from given cross join archives a where a.tenant = ?
       and a.kind = given.kind and a.archive = given.archive and a.user_id = given.user_id`
  )
  const within = (
    scope: TenantScope,
    archive: Archive,
    body: Effect.Effect<unknown, StorageError>
  ) => (ownsArchive(scope, archive) ? sql.within(Effect.asVoid(body)) : Effect.void)

  return {
    add: (scope, archive, items, mark) =>
      within(
        scope,
        archive,
        Effect.gen(function* () {
          const to = placeOf(scope, archive)
          const given = items.map((one) => [
            one.item,
            countOf(one.words),
            JSON.stringify([...one.words.keys()])
          ])
          const added = new Set<string>()
          yield* inPieces(
            given,
            (some) =>
              Effect.map(
                Effect.flatMap(insertItems([...to, listed(some)]), readItems),
                (inserted) => {
                  for (const item of inserted) added.add(item)
                }
              ),
            itemsAtOnce
          )
          let length = 0
          const postings: Array<ReadonlyArray<Value>> = []
          const left = new Set(added)
          for (const one of items) {
            // An item that is given twice counts as it was given first.
            if (!left.delete(one.item)) continue
            const own = countOf(one.words)
            length += own
            for (const [word, times] of one.words) postings.push([word, one.item, times, own])
          }
          yield* inPieces(byWord(postings), (some) => insertPostings([...to, listed(some)]))
          yield* count([...to, added.size, length, mark])
        })
      ),
    remove: (scope, archive, items) =>
      items.length === 0
        ? Effect.void
        : within(
            scope,
            archive,
            Effect.gen(function* () {
              const from = placeOf(scope, archive)
              const postings: Array<ReadonlyArray<Value>> = []
              let count = 0
              let length = 0
              const remove = (some: ReadonlyArray<string>) =>
                Effect.map(
                  Effect.flatMap(
                    removeItems([...from, listed(some.map((item) => [item]))]),
                    readRemoved
                  ),
                  (removed) => {
                    for (const one of removed) {
                      count += 1
                      length += one.length
                      for (const word of one.words) postings.push([word, one.item])
                    }
                  }
                )
              yield* inPieces(items, remove, itemsAtOnce)
              if (count === 0) return
              yield* inPieces(byWord(postings), (some) => removePostings([...from, listed(some)]))
              yield* discount([count, length, ...from])
            })
          ),
    search: searchWords(sql),
    marks: (scope, archives) =>
      archives.length === 0
        ? Effect.succeed([])
        : Effect.map(
            Effect.flatMap(marks([numbered(archives), mine(scope), scope.tenantId]), readMarks),
            (found) => {
              const known = new Map(found.map(({ mark, place }) => [place, mark]))
              return archives.map((_, i) => known.get(i) ?? 0)
            }
          ),
    clear: clearWords(sql)
  }
}
