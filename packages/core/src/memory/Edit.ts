/** Changes of a block's text, as pure functions. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type Reason, rejected } from "../errors.ts"
import { isWellFormed } from "../ids.ts"

const S = Schema.String

/** Adds `text` as the last line. */
export const Append = Schema.TaggedStruct("Append", { text: S })
/** Replaces the whole text by `text`. */
export const Rethink = Schema.TaggedStruct("Rethink", { text: S })
/** Replaces `old`, which must stand in the block exactly once, by `text`. */
export const Replace = Schema.TaggedStruct("Replace", { old: S, text: S })
/** Adds `text` after line `line`, counted from 1; 0 is before the first, -1 after the last. */
export const Insert = Schema.TaggedStruct("Insert", { line: Schema.Int, text: S })

export const Edit = Schema.Union([Append, Rethink, Replace, Insert])
export type Edit = typeof Edit.Type

/** Length in characters, as limits count them: code points. */
export const lengthOf = (text: string): number => {
  let length = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    const next = text.charCodeAt(i + 1)
    if (unit >= 0xd800 && unit <= 0xdbff && next >= 0xdc00 && next <= 0xdfff) {
      length -= 1
      i += 1
    }
  }
  return length
}

/** What an edit needs to know of a block. */
export interface Editable {
  readonly label: string
  readonly value: string
  readonly limit: number
}

const refuse = (field: string, why: string): Result.Result<never, Reason> =>
  Result.fail(rejected(field, why))

/** `value` as the block's new one, unless it is too long or no text [MEM-1]. */
export const checkValue = (
  { label, limit }: Pick<Editable, "label" | "limit">,
  value: string
): Result.Result<string, Reason> => {
  const length = lengthOf(value)
  if (length > limit) {
    return refuse(
      "text",
      `The block "${label}" holds at most ${limit} characters; this would make ${length}. Shorten it first.`
    )
  }
  return isWellFormed(value)
    ? Result.succeed(value)
    : refuse("text", "A text must not hold NUL or lone surrogates.")
}

/** How often `part` stands in `text`, also overlapping, up to `most`. */
const occurrences = (text: string, part: string, most: number): number => {
  let times = 0
  for (let at = text.indexOf(part); at >= 0 && times < most; at = text.indexOf(part, at + 1)) {
    times += 1
  }
  return times
}

const mostTold = 100

const replaced = (block: Editable, old: string, text: string): Result.Result<string, Reason> => {
  if (old === "") return refuse("old", "Name the text to replace; it must not be empty.")
  const times = occurrences(block.value, old, mostTold)
  if (times === 1) {
    const at = block.value.indexOf(old)
    return Result.succeed(block.value.slice(0, at) + text + block.value.slice(at + old.length))
  }
  return refuse(
    "old",
    times === 0
      ? `The text to replace does not stand in the block "${block.label}". It must be repeated exactly.`
      : `The text to replace stands ${times === mostTold ? `at least ${times}` : times} times in the block "${block.label}". Name more of what is around it.`
  )
}

const inserted = (block: Editable, line: number, text: string): Result.Result<string, Reason> => {
  const lines = block.value === "" ? [] : block.value.split("\n")
  if (!Number.isInteger(line) || line < -1 || line > lines.length) {
    return refuse(
      "line",
      `The block "${block.label}" has ${lines.length} lines: line must be 0 to ${lines.length}, or -1 for the end, not ${line}.`
    )
  }
  const at = line === -1 ? lines.length : line
  return Result.succeed([...lines.slice(0, at), text, ...lines.slice(at)].join("\n"))
}

const edited = (block: Editable, edit: Edit): Result.Result<string, Reason> => {
  switch (edit._tag) {
    case "Append":
      return inserted(block, -1, edit.text)
    case "Rethink":
      return Result.succeed(edit.text)
    case "Replace":
      return replaced(block, edit.old, edit.text)
    case "Insert":
      return inserted(block, edit.line, edit.text)
  }
}

/** The block's value after `edit`, or why it is refused. Looks at nothing else and changes nothing. */
export const apply = (block: Editable, edit: Edit): Result.Result<string, Reason> => {
  // Before any work on it: twice the limit in UTF-16 units is above it in every script.
  if (edit.text.length > 2 * block.limit) return checkValue(block, edit.text)
  return Result.flatMap(edited(block, edit), (value) => checkValue(block, value))
}
