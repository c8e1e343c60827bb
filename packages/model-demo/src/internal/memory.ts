/** Keeps and recalls: by the memory tools, in the block that is the user's. */
import type { Block } from "./dataMessage.ts"
import { introduced, keptLine, keptName, nameLine } from "./names.ts"
import { plain } from "./plain.ts"
import { keptPreferences, preferencesIn, preferencesLine, withPreferences } from "./preferences.ts"
import type { Called, Reading } from "./reading.ts"

/** A call to make. */
export interface Call {
  readonly name: string
  readonly params: Readonly<Record<string, unknown>>
}

/**
 * Where something is kept: the block labelled `human`, the narrowest where there are several, else the
 * first that may be changed.
 */
const homeOf = ({ known }: Reading): Block | undefined => {
  const open = known.blocks.filter(({ label, readOnly }) => !readOnly && label !== "")
  return open.findLast(({ label }) => label === "human") ?? open[0]
}

const offers = ({ tools }: Reading, name: string): boolean =>
  tools.some((tool) => tool.name === name)

const holds = (block: Block, line: string): boolean =>
  block.value.split("\n").some((kept) => kept.trim() === line) ||
  preferencesIn(preferencesLine(block.value) ?? "").includes(line)

/** The call that keeps a line, in place of `old` where there is one; `undefined` where none is needed or possible. */
const keep = (reading: Reading, line: string, old: string | undefined): Call | undefined => {
  const block = homeOf(reading)
  if (block === undefined || holds(block, line)) return undefined
  const { label } = block
  if (old !== undefined && offers(reading, "memory_replace")) {
    return { name: "memory_replace", params: { label, old, text: line } }
  }
  return offers(reading, "memory_append")
    ? { name: "memory_append", params: { label, text: line } }
    : undefined
}

export const keepName = (reading: Reading, name: string): Call | undefined =>
  keep(reading, nameLine(name), keptLine(homeOf(reading)?.value ?? ""))

/** The calls that keep preferences: in the line that is there for them, else each in one of its own. */
export const keepPreferences = (
  reading: Reading,
  lines: ReadonlyArray<string>
): ReadonlyArray<Call> => {
  if (lines.length === 0) return []
  const old = preferencesLine(homeOf(reading)?.value ?? "")
  const calls =
    old !== undefined && offers(reading, "memory_replace")
      ? [keep(reading, withPreferences(old, lines), old)]
      : lines.map((line) => keep(reading, line, undefined))
  return calls.filter((call) => call !== undefined)
}

const textIn = ({ params }: Called): unknown =>
  typeof params === "object" && params !== null && "text" in params ? params.text : undefined

const saves = (text: unknown, line: string): boolean =>
  typeof text === "string" && (text === line || preferencesIn(text).includes(line))

/** What became of a line that was to be kept. */
export const outcomeOf = (
  reading: Reading,
  line: string
): "kept" | "known" | "refused" | "nowhere" => {
  const made = reading.calls.find(
    (call) => call.name.startsWith("memory_") && saves(textIn(call), line)
  )
  if (made !== undefined) {
    return made.answer === undefined || made.answer.failed ? "refused" : "kept"
  }
  const block = homeOf(reading)
  return block !== undefined && holds(block, line) ? "known" : "nowhere"
}

/** Blocks that may tell of the user, the likeliest first; a persona is the agent's own. */
const aboutUser = (reading: Reading): ReadonlyArray<Block> => {
  const home = homeOf(reading)
  const others = reading.known.blocks.filter((block) => block !== home && block.label !== "persona")
  return home === undefined ? others.toReversed() : [home, ...others.toReversed()]
}

/** The user's name: from memory, else as said in this conversation, else as the application knows it. */
export const nameOf = (reading: Reading): string | undefined => {
  const { before, known } = reading
  for (const { value } of aboutUser(reading)) {
    const name = keptName(value)
    if (name !== undefined) return name
  }
  for (const text of before) {
    for (const sentence of text.slice(0, 1_000).split(/(?<=[.!?])\s+|\n+/)) {
      const found = introduced(sentence.trim())
      if (found !== undefined) return found.name
    }
  }
  const name = plain(known.userName, 60)
  return name === "" || name === "unknown" ? undefined : name
}

export const preferencesOf = ({ known }: Reading): ReadonlyArray<string> =>
  known.blocks.flatMap(({ value }) => keptPreferences(value))
