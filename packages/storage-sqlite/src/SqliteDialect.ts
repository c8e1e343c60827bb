/** SQLite as a dialect. */
import type { Reason } from "@atrium/core/errors"
import type { Dialect } from "@atrium/storage-sql/Dialect"
import type { SqlError } from "effect/sql/SqlError"
import { codeOf } from "./SqliteConnection.ts"

/** Primary result codes of SQLite that say something a person can act on. */
const explained: Readonly<Record<number, { readonly reason: Reason; readonly message: string }>> = {
  5: {
    reason: { _tag: "Locked", owner: "another process" },
    message: "Another process has the database locked. Stop it, then try again."
  },
  8: {
    reason: { _tag: "Unreachable", host: "the database file" },
    message: "The database file cannot be written. Check its permissions and those of its folder."
  },
  10: {
    reason: { _tag: "Unreachable", host: "the database file" },
    message: "Reading or writing the database file failed. Check the disk."
  },
  11: {
    reason: { _tag: "Malformed", what: "The database file" },
    message: "The database file is damaged. Restore it from a backup."
  },
  13: {
    reason: { _tag: "QuotaExceeded", budget: "disk" },
    message: "The disk, or its quota, is full. Free some space; nothing of this was stored."
  },
  14: {
    reason: { _tag: "Unreachable", host: "the database file" },
    message:
      "The database file cannot be opened. Give the path of a file in a folder that exists and can be written."
  },
  19: {
    reason: { _tag: "Conflict", what: "record", revision: null },
    message: "The record is there already, or lacks something it must have."
  },
  26: {
    reason: { _tag: "Malformed", what: "The database file" },
    message: "The file is not an SQLite database. Give another path, or move the file away."
  }
}

/** What a failure of SQLite means to the storage. */
export const explain = (code: number | undefined, detail: string) =>
  explained[(code ?? 0) & 0xff] ?? {
    reason: { _tag: "Unreachable", host: "the database file" } satisfies Reason,
    message: `The database failed: ${detail}`
  }

export const sqliteDialect: Dialect = {
  name: "SQLite",
  placeholder: () => "?",
  // Without statistics SQLite prefers the primary key, of which the tenant alone says little.
  indexedBy: (name) => `indexed by ${name}`,
  clustered: "strict, without rowid",
  heap: "strict",
  integer: "integer",
  collate: "collate binary",
  records: (columns) =>
    `(select ${Object.keys(columns)
      .map((column, i) => `value ->> ${i} ${column}`)
      .join(", ")} from json_each(?))`,
  changes: (answer) =>
    typeof answer === "object" && answer !== null && "changes" in answer
      ? Number(answer.changes)
      : 0,
  explain: (error: SqlError) => explain(codeOf(error.reason.cause), error.message)
}
