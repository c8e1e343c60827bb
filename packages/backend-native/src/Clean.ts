/** What a model writes, as every storage can keep it: without NUL and lone surrogates. */
import type * as Schema from "effect/Schema"

/** Each of them becomes U+FFFD, so that lengths and offsets stay. */
export const clean = (text: string): string => text.toWellFormed().replaceAll("\0", "\u{FFFD}")

/** The same for every text and name in a JSON value. */
export const cleanJson = (json: Schema.Json): Schema.Json => {
  if (typeof json === "string") return clean(json)
  if (typeof json !== "object" || json === null) return json
  if (Array.isArray(json)) return json.map(cleanJson)
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [clean(name), cleanJson(value)])
  )
}

/** Deepest nesting of a value that is taken: whatever reads one calls itself at each level. */
const maximumDepth = 64

/** True for a value that nests deeper than any input of a tool does. */
export const isTooDeep = (value: unknown, left: number = maximumDepth): boolean =>
  typeof value === "object" &&
  value !== null &&
  (left === 0 || Object.values(value).some((one) => isTooDeep(one, left - 1)))
