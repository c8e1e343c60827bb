/** Storages on fresh files, and scopes to use them with. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { StorageError } from "@atrium/core/errors"
import { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import type { Migration } from "@atrium/storage-sql/Migrations"
import * as StorageSql from "@atrium/storage-sql/StorageSql"
import * as Effect from "effect/Effect"
import * as Sqlite from "../../src/Sqlite.ts"

/** A folder that is gone with the scope. */
export const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "atrium-sqlite-"))),
  (made) => Effect.promise(() => rm(made, { recursive: true, force: true }))
)

/** A path at which there is nothing. */
export const freshFile = Effect.map(folder, (made) => join(made, "test.db"))

/** Opens the storage in `file` for as long as `use` runs. */
export const opened = <A, E>(
  file: string,
  use: (storage: Storage["Service"]) => Effect.Effect<A, E>
): Effect.Effect<A, E | StorageError> =>
  Effect.flatMap(Storage, use).pipe(Effect.provide(Sqlite.layer({ file }), { local: true }))

/** As `opened`, with other migrations than the present version's. */
export const openedWith = <A, E>(
  file: string,
  migrations: ReadonlyArray<Migration>,
  use: (storage: Storage["Service"]) => Effect.Effect<A, E>
): Effect.Effect<A, E | StorageError> =>
  Effect.scoped(
    Effect.flatMap(Sqlite.open({ file }), (options) =>
      Effect.flatMap(StorageSql.make({ ...options, migrations }), use)
    )
  )

/** Works on the file itself, while no storage has it open. */
export const tampered = <A>(file: string, use: (db: DatabaseSync) => A): Effect.Effect<A> =>
  Effect.sync(() => {
    const db = new DatabaseSync(file)
    try {
      return use(db)
    } finally {
      db.close()
    }
  })

/** The scope of `user` in "tenant"; without one, of the whole tenant. */
export const scopeOf = (user?: string) =>
  Effect.flatMap(TenantResolver, (resolver) =>
    resolver.renew({
      tenant: "tenant",
      scopes: [],
      ...(user === undefined ? {} : { user })
    })
  ).pipe(Effect.provide(TenantResolver.layerTrusted))
