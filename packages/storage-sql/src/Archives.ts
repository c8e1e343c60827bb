/** Archives in SQL: a row of one has its kind, its id and its user behind the tenant. */
import { Archive } from "@atrium/core/storage/Archive"
import type { WordStore } from "@atrium/core/storage/WordStore"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import * as Effect from "effect/Effect"
import { kept, mine, ofUser, SEEN } from "./Confine.ts"
import type { Dialect } from "./Dialect.ts"
import type { Reader } from "./Reader.ts"
import type { Sql, Value } from "./Statement.ts"
import { listed, verbatim } from "./Verbatim.ts"

/** A condition with the first three of `placeOf`: the row is in an archive of that kind and id. */
const OF_ARCHIVES = "tenant = ? and kind = ? and archive = ?"

/** A condition with the parameters `placeOf`: the row is in the archive. */
export const OF_ARCHIVE = `${OF_ARCHIVES} and user_id = ?`

/** Where the rows of an archive are. */
export const placeOf = (
  scope: TenantScope,
  { id, kind, userId }: Archive
): ReadonlyArray<Value> => [scope.tenantId, kind, verbatim(id), kept(userId)]

const kinds = Archive.fields.kind.literals

/** The archive that a row tells: its kind, its id and its user. */
export const readArchive = (row: Reader): Archive => ({
  kind: row.word(kinds, "agent"),
  id: row.verbatim(),
  userId: row.owner()
})

/**
 * What follows `from`: the archives of a list that the scope sees, with their places in it. Its
 * parameters are `numbered(archives)` and `mine(scope)`.
 */
export const seenOf = ({ records }: Dialect): string =>
  `${records({
    place: "whole",
    kind: "text",
    archive: "text",
    user_id: "text"
  })} listed where ${SEEN}`

/** Archives with their places in a list, as a parameter. */
export const numbered = (archives: ReadonlyArray<Archive>): string =>
  listed(archives.map(({ id, kind, userId }, i) => [i, kind, id, kept(userId)]))

/** Removes from `tables` the rows of the archives of a kind and id that the scope owns. */
export const clearArchives = (sql: Sql, tables: ReadonlyArray<string>): WordStore["clear"] => {
  const removals = tables.map((table) => ({
    all: sql.write(`delete from ${table} where ${OF_ARCHIVES}`),
    own: sql.write(`delete from ${table} where ${OF_ARCHIVE}`)
  }))
  return (scope, { id, kind }) => {
    const of = [scope.tenantId, kind, verbatim(id)]
    return sql.within(
      Effect.forEach(
        removals,
        ({ all, own }) => (ofUser(scope) ? own([...of, mine(scope)]) : all(of)),
        { discard: true }
      )
    )
  }
}
