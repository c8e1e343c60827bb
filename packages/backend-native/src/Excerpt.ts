/** What a search shows of a message, which may be as long as a small book. */
import { cut } from "@atrium/core/memory/Words"

/** Longest piece of a message that a search shows, in UTF-16 units. */
const maximumExcerpt = 2000
/** Of these, what is shown before the first word that was looked for. */
const before = 500

const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

/**
 * The text, or a piece of it around the first of `words` (in lower case) that stands in it, marked
 * where something is left out.
 */
export const excerptOf = (text: string, words: ReadonlyArray<string> = []): string => {
  if (text.length <= maximumExcerpt) return text
  const lower = text.toLowerCase()
  const places = words.map((word) => lower.indexOf(word)).filter((at) => at >= 0)
  const first = places.length === 0 ? 0 : Math.min(...places)
  const wanted = Math.max(0, Math.min(first - before, text.length - maximumExcerpt))
  const from = isLow(text.charCodeAt(wanted)) ? wanted + 1 : wanted
  const piece = cut(text.slice(from), maximumExcerpt)
  return `${from > 0 ? "… " : ""}${piece}${from + piece.length < text.length ? " …" : ""}`
}
