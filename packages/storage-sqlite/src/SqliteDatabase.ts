/** Opens a database file for one owner, and closes it so that the file is whole without its log. */
import { DatabaseSync } from "node:sqlite"
import { StorageError } from "@atrium/core/errors"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { leaveNote, readNote, removeNote } from "./Owner.ts"
import { codeOf } from "./SqliteConnection.ts"
import { explain } from "./SqliteDialect.ts"

/** Marks a file as Atrium's, in its header. */
const applicationId = 0x41747231

/**
 * - exclusive: the lock is taken once and for life, which also spares its system calls and the
 *   shared memory of the log.
 * - full synchronous and fullfsync: a commit survives a power cut, on macOS too.
 * - cache_size: at most 16 MiB. wal_autocheckpoint: pages that many turns write are copied once.
 * - secure_delete: what is deleted is overwritten, so that nothing erased stays in the file.
 */
const pragmas = (durability: "power" | "process"): string => `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"};
  PRAGMA fullfsync = ${durability === "power" ? "ON" : "OFF"};
  PRAGMA wal_autocheckpoint = 4000;
  PRAGMA secure_delete = ON;
  PRAGMA cache_size = -16384;
  PRAGMA temp_store = MEMORY;`

const first = (db: DatabaseSync, sql: string): unknown =>
  Object.values(db.prepare(sql).get() ?? {})[0]

/** Refuses a database of another program; marks one in which there is nothing yet. */
const claim = (file: string, db: DatabaseSync): void => {
  if (first(db, "PRAGMA application_id") === applicationId) return
  if (first(db, "SELECT count(*) FROM sqlite_schema") !== 0) {
    throw StorageError.because(
      { _tag: "Malformed", what: "The database file" },
      `${file} is a database of another program. Give another path.`
    )
  }
  db.exec(`PRAGMA application_id = ${applicationId}`)
}

const openLocked = (file: string, durability: "power" | "process"): DatabaseSync => {
  const db = new DatabaseSync(file, { timeout: 0 })
  try {
    db.exec(pragmas(durability))
    db.exec("BEGIN IMMEDIATE")
    claim(file, db)
    db.exec("COMMIT")
    return db
  } catch (cause) {
    db.close()
    throw cause
  }
}

const refused = (file: string, cause: unknown): StorageError => {
  if (cause instanceof StorageError) return cause
  const code = codeOf(cause)
  if (code !== undefined && (code & 0xff) === 5) {
    return StorageError.because({ _tag: "Locked", owner: readNote(file) })
  }
  const { message, reason } = explain(code, cause instanceof Error ? cause.message : String(cause))
  return StorageError.because(reason, `${file}: ${message}`)
}

/**
 * The database in `file`, created where nothing is, for the life of the scope. A second one, of this
 * process or another, is refused as `Locked` with a message that names the owner.
 */
export const open = (
  file: string,
  durability: "power" | "process"
): Effect.Effect<DatabaseSync, StorageError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.try({
        try: () => {
          const db = openLocked(file, durability)
          if (file !== ":memory:") leaveNote(file, now)
          return db
        },
        catch: (cause) => refused(file, cause)
      })
    ),
    (db) =>
      Effect.sync(() => {
        try {
          db.exec("PRAGMA wal_checkpoint(TRUNCATE)")
          if (file !== ":memory:") removeNote(file)
        } finally {
          db.close()
        }
      })
  )
