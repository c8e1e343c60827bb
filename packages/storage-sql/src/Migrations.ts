/**
 * Brings a database from any older version to this one. Each migration is one transaction with the
 * note that it was made, so that half of one cannot exist, whatever dies in between. A database of a
 * newer version is refused.
 */
import { StorageError } from "@atrium/core/errors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Dialect } from "./Dialect.ts"
import { type Reader, readFirst } from "./Reader.ts"
import type { Sql } from "./Statement.ts"

/** A step of the layout: `version` counts from 1 without a gap. */
export interface Migration {
  readonly version: number
  readonly name: string
  readonly statements: (dialect: Dialect) => ReadonlyArray<string>
}

const version = readFirst("version", (row: Reader) => row.int())

/** Runs the migrations that the database has not seen; answers its version. */
export const migrate = Effect.fnUntraced(function* (
  sql: Sql,
  migrations: ReadonlyArray<Migration>
): Effect.fn.Return<number, StorageError> {
  const known = migrations.length
  const current = Effect.map(
    Effect.flatMap(sql.read("select coalesce(max(version), 0) from migrations")([]), version),
    Option.getOrElse(() => 0)
  )
  yield* sql.write(
    `create table if not exists migrations
     (version integer not null primary key, name text not null) ${sql.dialect.clustered}`
  )([])
  const found = yield* current
  if (found > known) return yield* StorageError.because({ _tag: "Newer", found, known })
  for (const migration of migrations.slice(found)) {
    yield* sql.transact(
      Effect.gen(function* () {
        // Another process may have been here since.
        if ((yield* current) >= migration.version) return
        for (const statement of migration.statements(sql.dialect)) yield* sql.write(statement)([])
        yield* sql.write("insert into migrations (version, name) values (?, ?)")([
          migration.version,
          migration.name
        ])
      })
    )
  }
  return known
})
