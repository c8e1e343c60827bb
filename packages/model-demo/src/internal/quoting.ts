/** Finds the sentences of passages that answer a question best, by the words they share with it. */
import type { Passage } from "./passages.ts"
import { plain } from "./plain.ts"
import { rephrased, wordsOf } from "./words.ts"

/** What answers a question. `sure`: most of the question's words are met. */
export interface Quote {
  readonly number: number
  readonly title: string
  readonly text: string
  readonly sure: boolean
}

/** A sentence or an item of a list, with the headings it stands under. */
interface Unit {
  readonly passage: Passage
  readonly rank: number
  readonly heading: string
  readonly text: string
  readonly item: boolean
}

const longestTitle = 80
const longestSentence = 320
const longestQuote = 420

/** Questions whose answer has a figure in it. */
const asksNumber = /\bhow (?:long|much|many|often|old)\b|\bwhen\b|\b(?:price|cost)s?\b/i

/** Sentences of a Markdown text; tables, code and what a passage's edges cut off are left out. */
const unitsOf = (passage: Passage, rank: number): ReadonlyArray<Unit> => {
  let heading = ""
  const units: Array<Unit> = []
  for (const line of passage.text.split("\n")) {
    const text = line.trim()
    const head = /^#{1,6}\s+(.*)$/.exec(text)?.[1]
    if (head !== undefined) heading = plain(head, longestTitle)
    if (head !== undefined || text === "" || /^[|`~]|^-{3,}$/.test(text)) continue
    const item = /^(?:[-*+]|\d+[.)])\s+(.*)$/.exec(text)?.[1]
    const sentences = item === undefined ? text.split(/(?<=[.!?])\s+(?=[\p{Lu}\p{N}"“])/u) : [item]
    for (const sentence of sentences) {
      const quoted = plain(sentence, longestSentence)
      if (quoted !== "")
        units.push({ passage, rank, heading, text: quoted, item: item !== undefined })
    }
  }
  return units.filter(
    ({ item, text }, at) =>
      item ||
      ((at > 0 || /^[\p{Lu}\p{N}"“]/u.test(text)) &&
        (at < units.length - 1 || /[.!?:…]["”]?$/.test(text)))
  )
}

/** How rare each word is among the units, so that a word they all have says little. */
const rarityOf = (
  words: ReadonlyArray<string>,
  texts: ReadonlyArray<ReadonlySet<string>>
): ReadonlyMap<string, number> =>
  new Map(
    words.map((word) => {
      const having = texts.filter((text) => text.has(word)).length
      return [word, Math.log(1 + (texts.length + 1) / (having + 0.5))]
    })
  )

const joined = (best: Unit, next: Unit | undefined, nextFits: boolean): string =>
  next !== undefined &&
  nextFits &&
  !best.item &&
  !next.item &&
  next.passage === best.passage &&
  next.heading === best.heading &&
  best.text.length + next.text.length < longestQuote
    ? `${best.text} ${next.text}`
    : best.text

/** Marks that would end the quotation turn into single ones, so that nothing speaks outside of it. */
const unquoted = (text: string): string => text.replace(/["“”„«»]/g, "'")

/** The best sentence, and the one after it where it goes on; `undefined` where no word is shared. */
export const quoteFor = (question: string, passages: ReadonlyArray<Passage>): Quote | undefined => {
  const words = wordsOf(rephrased(question))
  const wantsNumber = asksNumber.test(question)
  const units = passages.flatMap(unitsOf)
  const own = units.map(({ text }) => new Set(wordsOf(text)))
  const heads = units.map(({ heading }) => new Set(wordsOf(heading)))
  const titles = units.map(({ passage }) => new Set(wordsOf(plain(passage.title, longestTitle))))
  const rarity = rarityOf(words, own)
  const scores = units.map(({ rank, text }, at) => {
    let score = 0
    for (const word of words) {
      const weight =
        (own[at]?.has(word) ? 1 : 0) +
        (heads[at]?.has(word) ? 0.8 : titles[at]?.has(word) ? 0.3 : 0)
      score += weight * (rarity.get(word) ?? 0)
    }
    if (score === 0) return 0
    return score + 0.5 / (1 + rank) + (wantsNumber && /\d/.test(text) ? 1 : 0)
  })
  const at = scores.reduce((best, score, i) => (score > (scores[best] ?? 0) ? i : best), 0)
  const best = units[at]
  if (best === undefined || (scores[at] ?? 0) === 0) return undefined
  const { number, text, title } = best.passage
  const present = new Set(wordsOf(`${title} ${text}`))
  const met = words.filter((word) => present.has(word)).length
  const next = at + 1
  return {
    number,
    title: unquoted(plain(title, longestTitle)),
    text: unquoted(joined(best, units[next], (scores[next] ?? 0) > 0 || best.text.length < 80)),
    sure: words.length === 1 || met * 2 > words.length
  }
}
