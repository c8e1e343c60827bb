import type * as Prompt from "effect/ai/Prompt"
import * as Redacted from "effect/Redacted"

const MAX_LENGTH = 300
/** As much is read of what may be a whole page. */
const MAX_READ = 4_000
/** Pieces of this length are looked for: any quotation of twice the length contains one. */
const PIECE = 16

/** Every text in a value, however deep: a model may nest arguments deeper than calls can go. */
const textsIn = (value: unknown): ReadonlyArray<string> => {
  const texts: Array<string> = []
  const left = [value]
  while (left.length > 0) {
    const one = left.pop()
    if (typeof one === "string") texts.push(one)
    else if (typeof one === "object" && one !== null) {
      for (const inner of Object.values(one)) left.push(inner)
    }
  }
  return texts
}

const quotes = (words: string, text: string): boolean => {
  if (text.length < PIECE) return text.trim().length > 3 && words.includes(text.trim())
  for (let at = 0; at + PIECE <= text.length; at += PIECE) {
    if (words.includes(text.slice(at, at + PIECE))) return true
  }
  return false
}

const contentOf = (message: Prompt.Message): ReadonlyArray<string> =>
  typeof message.content === "string"
    ? [message.content]
    : message.content.flatMap((part) => {
        switch (part.type) {
          case "text":
          case "reasoning":
            return [part.text]
          case "tool-call":
            return textsIn(part.params)
          case "tool-result":
            return textsIn(part.result)
          default:
            return []
        }
      })

/**
 * What a server said about an error, fit for a log: short, on one line, without the key, and left out
 * altogether where it repeats the conversation, as servers that echo a refused request do.
 */
export const serverWords = (
  said: unknown,
  apiKey: Redacted.Redacted,
  prompt: Prompt.Prompt
): string | undefined => {
  if (typeof said !== "string") return undefined
  const words = said
    .slice(0, MAX_READ)
    .toWellFormed()
    .replaceAll(Redacted.value(apiKey), "[key]")
    // Keys that a server masks in its own way begin like this.
    .replace(/\b(?:sk|pk|key)-[^\s"',;]+/g, "[key]")
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim()
  if (words === "") return undefined
  if (prompt.content.flatMap(contentOf).some((text) => quotes(words, text))) {
    return "(its words repeat the conversation and are left out)"
  }
  return words.length > MAX_LENGTH ? `${words.slice(0, MAX_LENGTH).toWellFormed()}…` : words
}
