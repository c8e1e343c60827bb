/**
 * A connection of effect/sql over one handle of node:sqlite. Statements run at once, on this thread,
 * inside the effect that asks for them.
 *
 * Numbers are bound as they are: node:sqlite binds them as REAL, and the columns of a STRICT table
 * keep a whole REAL as INTEGER, which costs less than a bigint for each.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as SqlConnection from "effect/sql/SqlConnection"
import { classifySqliteError, SqlError } from "effect/sql/SqlError"

/** SQLITE_CORRUPT: also for a number that no store has written, being too large to be read exactly. */
const corrupt = 11

/** SQLite's result code in what node:sqlite throws, or `undefined` for any other failure. */
export const codeOf = (cause: unknown): number | undefined => {
  if (typeof cause !== "object" || cause === null) return undefined
  if ("errcode" in cause && typeof cause.errcode === "number") return cause.errcode
  return "code" in cause && cause.code === "ERR_OUT_OF_RANGE" ? corrupt : undefined
}

/** A prepared statement, and whether it answers with rows. */
interface Prepared {
  readonly statement: StatementSync
  readonly answers: boolean
}

type Values = ReadonlyArray<ReadonlyArray<unknown>>

const noRows: Values = []

/** All rows of a statement are of one kind; the types of node:sqlite do not tell which. */
const isValues = (rows: ReadonlyArray<unknown>): rows is Values =>
  rows.length === 0 || Array.isArray(rows[0])

/** What may be bound as it is. An object in first place would be taken for named parameters. */
const isPlain = (value: unknown): value is SQLInputValue =>
  typeof value === "string"
    ? value.isWellFormed()
    : value === null ||
      typeof value === "number" ||
      typeof value === "bigint" ||
      ArrayBuffer.isView(value)

const arePlain = (parameters: ReadonlyArray<unknown>): parameters is ReadonlyArray<SQLInputValue> =>
  parameters.every(isPlain)

/**
 * UTF-8 has one mark for all lone surrogates, so a text that holds one would be taken for another.
 * As bytes it equals no text, and no column of text takes it.
 */
const plain = (value: unknown): SQLInputValue => {
  if (isPlain(value)) return value
  if (typeof value === "string") return Buffer.from(value, "utf16le")
  throw new TypeError("Only text, numbers, bytes and null are bound.")
}

const bound = (parameters: ReadonlyArray<unknown>): ReadonlyArray<SQLInputValue> =>
  arePlain(parameters) ? parameters : parameters.map(plain)

/** The failure of a statement, with SQLite's code where effect/sql looks for it. */
const failureOf = (cause: unknown, operation: string): SqlError => {
  const errno = codeOf(cause)
  const message = cause instanceof Error ? cause.message : String(cause)
  const reason = classifySqliteError(errno === undefined ? cause : { errno, errcode: errno }, {
    message,
    operation
  })
  return new SqlError({ reason })
}

/** A connection over `db`. Prepared statements stay for its life: the stores have a fixed number. */
export const make = (db: DatabaseSync): SqlConnection.Connection => {
  const prepared = new Map<string, Prepared>()

  const prepare = (sql: string): Prepared => {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    const statement = db.prepare(sql)
    const answers = statement.columns().length > 0
    statement.setReturnArrays(true)
    const one = { statement, answers }
    prepared.set(sql, one)
    return one
  }

  const run = (sql: string, parameters: ReadonlyArray<unknown>): Values => {
    const { answers, statement } = prepare(sql)
    if (answers) {
      const rows: ReadonlyArray<unknown> = statement.all(...bound(parameters))
      return isValues(rows) ? rows : noRows
    }
    statement.run(...bound(parameters))
    return noRows
  }

  const raw = (sql: string, parameters: ReadonlyArray<unknown>) =>
    Effect.suspend(() => {
      try {
        return Effect.succeed(prepare(sql).statement.run(...bound(parameters)))
      } catch (cause) {
        return Effect.fail(failureOf(cause, "execute"))
      }
    })

  const values = (sql: string, parameters: ReadonlyArray<unknown>) =>
    Effect.suspend(() => {
      try {
        return Effect.succeed(run(sql, parameters))
      } catch (cause) {
        return Effect.fail(failureOf(cause, "execute"))
      }
    })

  const objects = (sql: string, parameters: ReadonlyArray<unknown>) =>
    Effect.try({
      try: () => db.prepare(sql).all(...bound(parameters)),
      catch: (cause) => failureOf(cause, "execute")
    })

  return {
    execute: (sql, parameters, transform) =>
      transform === undefined
        ? objects(sql, parameters)
        : Effect.map(objects(sql, parameters), transform),
    executeRaw: raw,
    executeValues: values,
    executeValuesUnprepared: values,
    executeUnprepared: (sql, parameters, transform) =>
      transform === undefined
        ? objects(sql, parameters)
        : Effect.map(objects(sql, parameters), transform),
    executeStream: (sql, parameters) => Stream.fromIterableEffect(objects(sql, parameters))
  }
}
