/**
 * The one place where SQL text meets a connection. Texts are constants of this package, compiled
 * once for a dialect; what callers give is bound, never spliced in [ISO-5]. There is no span and no
 * template for each statement, because a turn runs a dozen of them.
 */
import { StorageError } from "@atrium/core/errors"
import * as Effect from "effect/Effect"
import * as SqlError from "effect/sql/SqlError"
import type { Dialect } from "./Dialect.ts"
import type { Transactor } from "./Transactor.ts"

/** What may be bound. Booleans are bound as 0 and 1. */
export type Value = string | number | null

/** A row: its values in the order of the statement's columns, as the driver gave them. */
export type Row = ReadonlyArray<unknown>

/** A compiled statement, waiting for its parameters. */
export type Statement = (
  parameters: ReadonlyArray<Value>
) => Effect.Effect<ReadonlyArray<Row>, StorageError>

/** A compiled statement that answers how many rows it wrote. */
export type Change = (parameters: ReadonlyArray<Value>) => Effect.Effect<number, StorageError>

/** Statements over a transactor, in a dialect. */
export interface Sql {
  readonly dialect: Dialect
  readonly transact: Transactor["transact"]
  /** Several statements as one transaction, or as a part of the present one. */
  readonly within: Transactor["within"]
  /** A statement that only reads; outside a transaction it sees committed data. */
  readonly read: (text: string) => Statement
  /** A statement that writes, in the present transaction or one of its own. */
  readonly write: (text: string) => Statement
  /** As `write`, for what has to know whether it wrote; cheaper than rows that tell. */
  readonly change: (text: string) => Change
}

/**
 * At most as many rows as a parameter says. Never a bare `limit ?`: the planner of SQLite looks at
 * that number, so a statement with it is compiled anew each time that it is bound.
 */
export const LIMIT = "limit ? + 0"

/** `?` becomes the dialect's placeholder. Texts hold no other question mark. */
export const compile = ({ placeholder }: Dialect, text: string): string => {
  let position = 0
  return text.replace(/\?/g, () => {
    position += 1
    return placeholder(position)
  })
}

/** Statements of `dialect` over `transactor`. */
export const make = (dialect: Dialect, transactor: Transactor): Sql => {
  const explained = (error: StorageError | SqlError.SqlError): StorageError => {
    if (!SqlError.isSqlError(error)) return error
    const { message, reason } = dialect.explain(error)
    return StorageError.because(reason, message)
  }
  const over =
    (reach: Transactor["read"]) =>
    (text: string): Statement => {
      const sql = compile(dialect, text)
      return (parameters) =>
        Effect.mapError(
          reach((connection) => connection.executeValues(sql, parameters)),
          explained
        )
    }
  return {
    dialect,
    transact: transactor.transact,
    within: transactor.within,
    read: over(transactor.read),
    write: over(transactor.write),
    change: (text) => {
      const sql = compile(dialect, text)
      return (parameters) =>
        Effect.mapBoth(
          transactor.write((connection) => connection.executeRaw(sql, parameters)),
          { onFailure: explained, onSuccess: dialect.changes }
        )
    }
  }
}

/** Runs `write` for each of `rows`, as one transaction; for a single row the write is one by itself. */
export const writeEach = (
  sql: Sql,
  write: Statement,
  rows: ReadonlyArray<ReadonlyArray<Value>>
): Effect.Effect<void, StorageError> => {
  const [first, second] = rows
  if (first === undefined) return Effect.void
  if (second === undefined) return Effect.asVoid(write(first))
  return sql.within(Effect.forEach(rows, write, { discard: true }))
}
