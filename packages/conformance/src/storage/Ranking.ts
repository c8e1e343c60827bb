/** What a search must answer: BM25 as it is written down, over plain maps. */
import type { Archive } from "@atrium/core/storage/Archive"
import type { Found } from "@atrium/core/storage/WordStore"

/** An archive with the words of each of its items. */
export interface Corpus {
  readonly archive: Archive
  readonly items: ReadonlyMap<string, ReadonlyArray<string>>
}

const k1 = 1.2
const b = 0.75

/**
 * Every item of `corpora` that holds any of `words`, unordered, with its score. The corpora are
 * ranked as one: how many items there are, how many hold a word, and how long they are in the mean
 * is counted over all of them.
 */
export const ranking = (
  corpora: ReadonlyArray<Corpus>,
  words: ReadonlyArray<string>
): ReadonlyArray<Found> => {
  const items = corpora.flatMap(({ archive, items }) =>
    [...items].map(([item, text]) => ({ archive, item, text }))
  )
  const mean = items.reduce((sum, { text }) => sum + text.length, 0) / items.length
  const asked = new Set(words)
  return items.flatMap(({ archive, item, text }) => {
    let score = 0
    for (const word of asked) {
      const times = text.filter((other) => other === word).length
      const having = items.filter((other) => other.text.includes(word)).length
      const rarity = Math.log(1 + (items.length - having + 0.5) / (having + 0.5))
      const length = 1 - b + (b * text.length) / mean
      score += (rarity * times * (k1 + 1)) / (times + k1 * length)
    }
    return score > 0 ? [{ archive, item, score }] : []
  })
}
