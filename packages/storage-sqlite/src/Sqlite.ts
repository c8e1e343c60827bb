/** The embedded storage: one SQLite file, owned by one process. */
import type { StorageError } from "@atrium/core/errors"
import type { Storage } from "@atrium/core/storage/Storage"
import * as StorageSql from "@atrium/storage-sql/StorageSql"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as GroupCommit from "./GroupCommit.ts"
import * as SqliteConnection from "./SqliteConnection.ts"
import * as SqliteDatabase from "./SqliteDatabase.ts"
import { sqliteDialect } from "./SqliteDialect.ts"

/**
 * - `file`: a path; its folder must exist. Two more files lie beside it while it is open, a log and
 *   a note whose it is. `:memory:` is gone with the layer.
 * - `durability`: what an acknowledged commit survives, a power cut (the default) or only the death
 *   of the process, which costs no waiting for the disk.
 */
export interface Options {
  readonly file: string
  readonly durability?: "power" | "process"
}

/** An open file, ready for the stores, for the life of the scope. */
export const open = Effect.fnUntraced(function* ({
  durability = "power",
  file
}: Options): Effect.fn.Return<StorageSql.Options, StorageError, Scope.Scope> {
  const db = yield* SqliteDatabase.open(file, durability)
  const transactor = yield* Effect.acquireRelease(
    Effect.sync(() => GroupCommit.make(db, SqliteConnection.make(db))),
    ({ close }) => close
  )
  return {
    dialect: sqliteDialect,
    transactor,
    durability: file === ":memory:" ? "memory" : durability,
    owners: "one"
  }
})

/**
 * A storage in `options.file`. Refused as `Locked` while another process, or another layer, has it
 * open; as `Newer` when a newer version wrote it.
 */
export const layer = (options: Options): Layer.Layer<Storage, StorageError> =>
  StorageSql.layer(open(options))
