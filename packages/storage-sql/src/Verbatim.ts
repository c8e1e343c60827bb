/**
 * Texts that come from anywhere, kept so that they are read back as they were: no database holds NUL
 * and lone surrogates as they are. Such a text is kept as its JSON behind a mark, every other as it is.
 */
import { isWellFormed, separator } from "@atrium/core/ids"
import type { Value } from "./Statement.ts"

/** What a text that is kept as JSON begins with. */
export const mark = separator

/** A text as a column holds it. */
export const verbatim = (text: string): string =>
  isWellFormed(text) && !text.startsWith(mark) ? text : `${mark}${JSON.stringify(text)}`

/** Rows as the parameter of a dialect's `records`; their texts are verbatim. */
export const listed = (rows: ReadonlyArray<ReadonlyArray<Value>>): string =>
  JSON.stringify(
    rows.map((row) => row.map((value) => (typeof value === "string" ? verbatim(value) : value)))
  )
