/**
 * The words that texts are found by: the same for every storage, so that all of them find and rank
 * alike. Deterministic, whatever the locale of the process; cheap, whatever the text.
 */
import { stemmer } from "stemmer"
import { stopWords } from "./StopWords.ts"

/** How much of a text is read, in UTF-16 units: the longest message there can be. */
export const maximumRead = 100_000
/** Different words kept of one text; what comes later in a text finds it no more. */
export const maximumWords = 4096
/** Longest word, in UTF-16 units; of longer ones the beginning counts. */
export const maximumWord = 64
/** Different words of a query that are looked for. */
export const maximumQuery = 64

/** Letters, marks and digits, joined by single apostrophes. */
const runs = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:'[\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*/gu
/** Marks that no writing system stacks so high; normalizing them takes quadratic time. */
const stacked = /(\p{M}{30})\p{M}+/gu
const invisible = /\p{Cf}+/gu
const quotes = /[\u2018\u2019\u02bc]/g
/** Scripts that write words without spaces between them. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const english = /^[a-z]+$/

/** Only for runs that a pattern has matched: V8 has put their text in one piece by then. */
const segmenter = new Intl.Segmenter("en", { granularity: "word" })

/** The first `units` of `text`, or one less where a character would be cut. */
export const cut = (text: string, units: number): string => {
  if (text.length <= units) return text
  const last = text.charCodeAt(units - 1)
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? units - 1 : units)
}

const normalized = (text: string): string =>
  cut(
    cut(text, maximumRead)
      .replace(stacked, "$1")
      .normalize("NFKC")
      .toLowerCase()
      .replace(invisible, "")
      .replace(quotes, "'"),
    maximumRead
  )

/** The words of a run that may hold several. */
function* segments(run: string): Generator<string> {
  for (const { isWordLike, segment } of segmenter.segment(run)) {
    if (isWordLike === true) yield segment
  }
}

/** The words as they are written, in order: lower case, without those that tell nothing. */
function* written(text: string): Generator<string> {
  for (const [run] of normalized(text).matchAll(runs)) {
    if (unspaced.test(run)) yield* segments(run)
    else if (!run.includes("'")) {
      if (!stopWords.has(run)) yield run
    } else if (!stopWords.has(run)) {
      for (const part of run.replace(/'s$/, "").split("'")) if (!stopWords.has(part)) yield part
    }
  }
}

/** What a word is kept as: English ones by their stem. */
const kept = (word: string): string => {
  const short = cut(word, maximumWord)
  return english.test(short) ? stemmer(short) : short
}

/** The words of a text and how often each stands in it, in the order of their first places. */
export const ofText = (text: string): ReadonlyMap<string, number> => {
  const times = new Map<string, number>()
  for (const word of written(text)) {
    const key = kept(word)
    const before = times.get(key)
    if (before !== undefined) times.set(key, before + 1)
    else if (times.size < maximumWords) times.set(key, 1)
  }
  return times
}

/**
 * The words to look for: each as it is kept, with how the query writes it. Empty for a query that
 * holds no word but those that stand in every text.
 */
export const ofQuery = (query: string): ReadonlyMap<string, string> => {
  const words = new Map<string, string>()
  for (const word of written(query)) {
    if (words.size === maximumQuery) break
    const key = kept(word)
    if (!words.has(key)) words.set(key, word)
  }
  return words
}

/** The words of a query that a text of `words` was found by, as the query writes them. */
export const matched = (
  query: ReadonlyMap<string, string>,
  words: ReadonlyMap<string, number>
): ReadonlyArray<string> => [...query].flatMap(([key, word]) => (words.has(key) ? [word] : []))
