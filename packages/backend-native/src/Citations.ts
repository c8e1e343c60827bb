/** What the answer of a turn rests on: passages by the numbers under which the turn found them. */
import type { Message, Part } from "@atrium/core/conversations/Message"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** Longest quote, in characters (code points). */
const maximumQuote = 300

/** A passage as passage_search tells it. */
export const Numbered = Schema.Struct({
  number: Schema.Int,
  id: Schema.String,
  title: Schema.String,
  text: Schema.String
})
export type Numbered = typeof Numbered.Type

/** What passage_search tells. */
const PassagesFound = Schema.Struct({ passages: Schema.Array(Numbered) })

const read = Schema.decodeUnknownOption(PassagesFound)

/** The passages that results of passage_search in these messages hold, by their numbers. */
export const numberedIn = (messages: ReadonlyArray<Message>): ReadonlyMap<number, Numbered> => {
  const searches = new Set<string>()
  const found = new Map<number, Numbered>()
  for (const part of messages.flatMap(({ parts }) => parts)) {
    if (part._tag === "ToolCall" && part.name === "passage_search") searches.add(part.callId)
    if (part._tag !== "ToolResult" || part.failed || !searches.has(part.callId)) continue
    for (const passage of Option.getOrUndefined(read(part.output))?.passages ?? []) {
      found.set(passage.number, passage)
    }
  }
  return found
}

/** The beginning of a text, cut after a word where there is one. */
const quoteOf = (text: string): string => {
  const characters = Array.from(text.trim())
  if (characters.length <= maximumQuote) return characters.join("")
  const cut = characters.slice(0, maximumQuote).join("")
  const space = cut.search(/\s\S*$/u)
  return space > 0 ? cut.slice(0, space) : cut
}

/** Citations of a text, each once, in the order in which the text first makes them. */
export const citationsOf = (
  text: string,
  passages: ReadonlyMap<number, Numbered>
): ReadonlyArray<Part> => {
  const cited = new Set<number>()
  for (const [, digits] of text.matchAll(/\[(\d{1,3})\]/g)) cited.add(Number(digits))
  return [...cited].flatMap((number): ReadonlyArray<Part> => {
    const passage = passages.get(number)
    if (passage === undefined) return []
    const { id, text, title } = passage
    return [{ _tag: "Citation", number, passageId: id, title, quote: quoteOf(text) }]
  })
}
