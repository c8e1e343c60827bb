/** Reads rows back, column after column, and checks each: a file may be damaged or tampered with. */
import { StorageError } from "@atrium/core/errors"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { told } from "./Confine.ts"
import type { Row } from "./Statement.ts"
import { mark } from "./Verbatim.ts"

/** Stands for what could not be read; the record that holds it is never given out. */
const nothing: Row = []

/**
 * The next column of the present row, as what it must be. A column that is something else is noted,
 * and the whole read fails as `Malformed` at its end.
 */
export class Reader {
  private row: Row = nothing
  private column = 0
  private sound = true

  /** Moves to a row. */
  of(row: Row): this {
    this.row = row
    this.column = 0
    return this
  }

  /** Whether every column read so far was what it must be; forgets what it saw. */
  isSound(): boolean {
    const { sound } = this
    this.sound = true
    this.row = nothing
    return sound
  }

  /** Notes that a column is not what it must be. */
  refuse<A>(instead: A): A {
    this.sound = false
    return instead
  }

  private next(): unknown {
    const value = this.row[this.column]
    this.column += 1
    return value
  }

  text(): string {
    const value = this.next()
    return typeof value === "string" ? value : this.refuse("")
  }

  textOrNull(): string | null {
    const value = this.next()
    return value === null || typeof value === "string" ? value : this.refuse(null)
  }

  /** Text that `verbatim` wrote. */
  verbatim(): string {
    return this.unmarked(this.text())
  }

  verbatimOrNull(): string | null {
    const text = this.textOrNull()
    return text === null ? null : this.unmarked(text)
  }

  private unmarked(text: string): string {
    if (!text.startsWith(mark)) return text
    const value = parsed(text.slice(mark.length))
    return typeof value === "string" ? value : this.refuse("")
  }

  /** The user a row belongs to; null for nobody. */
  owner(): string | null {
    return told(this.text())
  }

  /** A safe integer, which some drivers give as a bigint. */
  int(): number {
    const value = this.next()
    const number = typeof value === "bigint" ? Number(value) : value
    return typeof number === "number" && Number.isSafeInteger(number) ? number : this.refuse(0)
  }

  intOrNull(): number | null {
    if (this.row[this.column] === null) {
      this.column += 1
      return null
    }
    return this.int()
  }

  /** A finite number. */
  real(): number {
    const value = this.next()
    return typeof value === "number" && Number.isFinite(value) ? value : this.refuse(0)
  }

  flag(): boolean {
    const value = this.int()
    return value === 0 || value === 1 ? value === 1 : this.refuse(false)
  }

  /** One of `words`. */
  word<Word extends string>(words: ReadonlyArray<Word>, otherwise: Word): Word {
    const value = this.text()
    return words.find((word) => word === value) ?? this.refuse(otherwise)
  }

  /** A list of texts, kept as JSON. */
  texts(): ReadonlyArray<string> {
    const value = parsed(this.text())
    return Array.isArray(value) && value.every((one) => typeof one === "string")
      ? value
      : this.refuse([])
  }

  /** What `decode` makes of a column of JSON. */
  json<A>(decode: Decode<A>, otherwise: A): A {
    return this.decoded(this.text(), decode, otherwise)
  }

  /** What `decode` makes of a column of JSON that was read as text. */
  decoded<A>(text: string, decode: Decode<A>, otherwise: A): A {
    const result = decode(parsed(text))
    return Result.isSuccess(result) ? result.success : this.refuse(otherwise)
  }
}

/** Checks a value that was parsed from JSON. */
export type Decode<A> = (json: unknown) => Result.Result<A, unknown>

/** A check by `schema`. */
export const decoding = <A>(schema: Schema.Codec<A>): Decode<A> =>
  Schema.decodeUnknownResult(schema)

/** The value that `text` is the JSON of, or `undefined`, which JSON has no word for. */
const parsed = (text: string): unknown => {
  if (text === "[]") return []
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The records of `rows`. `what`: the kind of thing, as an error names it. */
export const readAll =
  <A>(what: string, read: (reader: Reader) => A) =>
  (rows: ReadonlyArray<Row>): Effect.Effect<ReadonlyArray<A>, StorageError> => {
    const reader = new Reader()
    const records: Array<A> = []
    for (const row of rows) records.push(read(reader.of(row)))
    return reader.isSound() ? Effect.succeed(records) : Effect.fail(malformed(what))
  }

/** The record of the first of `rows`, if there is one. */
export const readFirst =
  <A>(what: string, read: (reader: Reader) => A) =>
  ([row]: ReadonlyArray<Row>): Effect.Effect<Option.Option<A>, StorageError> => {
    if (row === undefined) return Effect.succeedNone
    const reader = new Reader().of(row)
    const record = read(reader)
    return reader.isSound() ? Effect.succeedSome(record) : Effect.fail(malformed(what))
  }

const malformed = (what: string): StorageError =>
  StorageError.because({ _tag: "Malformed", what: `A stored ${what}` })
