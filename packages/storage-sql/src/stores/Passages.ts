/** Passages: texts that are found by search. */
import type { PassageRecord, PassageStore } from "@atrium/core/storage/PassageStore"
import * as Effect from "effect/Effect"
import { clearArchives, OF_ARCHIVE, placeOf, readArchive } from "../Archives.ts"
import { CONFINED, kept, mine, SEEN } from "../Confine.ts"
import { pages, tagged } from "../Pages.ts"
import { type Reader, readAll } from "../Reader.ts"
import type { Sql } from "../Statement.ts"
import { listed, verbatim } from "../Verbatim.ts"

const columns = "id, kind, archive, user_id, document, starts, ends, tags, at, body"

const read = (row: Reader): PassageRecord => ({
  id: row.verbatim(),
  archive: readArchive(row),
  document: row.verbatimOrNull(),
  from: row.int(),
  to: row.int(),
  tags: row.texts(),
  at: row.int(),
  text: row.verbatim()
})

const readRecords = readAll("passage", read)
const cursor = ({ id }: PassageRecord): string => id

const valuesOf = ({ archive, at, document, from, id, tags, text, to }: PassageRecord) => [
  ...[id, archive.kind, archive.id, kept(archive.userId), document],
  ...[from, to, JSON.stringify(tags), at, text]
]

type Tagged = Pick<PassageRecord, "id" | "archive" | "tags">

const readTagged = readAll(
  "passage",
  (row: Reader): Tagged => ({
    id: row.verbatim(),
    archive: readArchive(row),
    tags: row.texts()
  })
)

/** The rows of `passage_tags`: one for each tag of each passage. */
const tagsOf = (passages: ReadonlyArray<Tagged>) =>
  passages.flatMap(({ archive: { id: archive, kind, userId }, id, tags }) =>
    tags.map((tag) => [kind, archive, kept(userId), tag, id])
  )

/** Pages of an archive: of all its passages, or of those with a tag. */
const lists = (sql: Sql) => {
  const { indexedBy } = sql.dialect
  const one = (from: string, condition: string, id: string) =>
    pages(sql, {
      select: `select ${columns} from ${from} where ${condition}`,
      key: [id],
      read: readRecords,
      cursor,
      place: (after) => [verbatim(after)]
    })
  const all = one(`passages ${indexedBy("passages_archive")}`, `${OF_ARCHIVE} and ${SEEN}`, "id")
  const ofTag = tagged(
    one(
      `(select tenant of_tenant, id of_id from passage_tags
        where ${OF_ARCHIVE} and tag = ? and ${SEEN}) tags cross join passages`,
      "tenant = of_tenant and id = of_id",
      "of_id"
    ),
    cursor
  )
  return { all, ofTag }
}

export const makePassageStore = (sql: Sql): PassageStore => {
  const { indexedBy, records } = sql.dialect
  const tags = records({ kind: "text", archive: "text", user_id: "text", tag: "text", id: "text" })
  const insert = sql.write(
    `insert into passages (tenant, ${columns}) select ?, ${columns} from ${records({
      id: "text",
      kind: "text",
      archive: "text",
      user_id: "text",
      document: "text",
      starts: "whole",
      ends: "whole",
      tags: "text",
      at: "whole",
      body: "text"
    })} given where ${CONFINED} on conflict do nothing
     returning id, kind, archive, user_id, tags`
  )
  const insertTags = sql.write(
    `insert into passage_tags (tenant, kind, archive, user_id, tag, id)
     select ?, kind, archive, user_id, tag, id from ${tags} given where 1 = 1
     on conflict do nothing`
  )
  const find = sql.read(
    `with given as materialized (select place, id wanted from ${records({ place: "whole", id: "text" })} listed)
     select ${columns} from given cross join passages
     where tenant = ? and id = wanted and ${SEEN} order by place`
  )
  const list = lists(sql)
  const remove = sql.write(
    `delete from passages where (tenant, id) in (select ?, id from ${records({ id: "text" })} given)
     and ${CONFINED} returning id, kind, archive, user_id, tags`
  )
  const removeTags = sql.write(
    `delete from passage_tags where (tenant, kind, archive, user_id, tag, id) in
       (select ?, kind, archive, user_id, tag, id from ${tags} given)`
  )
  return {
    insert: (scope, given) =>
      given.length === 0
        ? Effect.void
        : sql.within(
            Effect.gen(function* () {
              const values = listed(given.map(valuesOf))
              const written = insert([scope.tenantId, values, mine(scope)])
              // Of what was written, not of what was given: of two with one id one is left out.
              const rows = tagsOf(yield* Effect.flatMap(written, readTagged))
              if (rows.length > 0) yield* insertTags([scope.tenantId, listed(rows)])
            })
          ),
    find: (scope, wanted) =>
      wanted.length === 0
        ? Effect.succeed([])
        : Effect.flatMap(
            find([listed(wanted.map((id, place) => [place, id])), scope.tenantId, mine(scope)]),
            readRecords
          ),
    list: (scope, archive, by) => {
      const of = placeOf(scope, archive)
      const [tag] = by.tags ?? []
      return tag === undefined
        ? list.all([...of, mine(scope)], by)
        : list.ofTag([...of, verbatim(tag), mine(scope)], by)
    },
    delete: (scope, wanted) =>
      wanted.length === 0
        ? Effect.void
        : sql.within(
            Effect.gen(function* () {
              const ids = listed(wanted.map((id) => [id]))
              const removed = remove([scope.tenantId, ids, mine(scope)])
              const rows = tagsOf(yield* Effect.flatMap(removed, readTagged))
              if (rows.length > 0) yield* removeTags([scope.tenantId, listed(rows)])
            })
          ),
    clear: clearArchives(sql, [`passages ${indexedBy("passages_archive")}`, "passage_tags"])
  }
}
