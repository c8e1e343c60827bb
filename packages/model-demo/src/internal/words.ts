/** The words of a text that say what it is about, reduced so that forms of one word meet. */

const stopWords = new Set(
  `a about after all also am an and any are as at be been before but by can could did do does for from
  get give go had has have he hello help her here hey hi how i if in is it its just know let like long many may me
  might mine much must my need no not of on one or our please shall she should so some somebody someone
  something tell than thank thanks that the their them then there these they thing this those to too
  us want was we were what when where which while who why will with would yes you your`.split(/\s+/)
)

/** Customers' words, and what pages write instead. */
const sameAs: ReadonlyArray<readonly [said: RegExp, written: string]> = [
  [/\b(?:send|bring|give|take)(?: \p{L}+){0,2} back\b/u, "return"],
  [/\bmoney back\b/, "refund"],
  [/\bwarranty\b/, "guarantee"],
  [/\b(?:shipping|postage)\b/, "delivery"],
  [/\b(?:fix|mend)\b/, "repair"],
  [/\bbroken\b/, "fault"],
  [/\bvoucher\b/, "gift card"],
  [/\bwellies\b/, "wellington"],
  [/\bpay later\b/, "instalments"],
  [/\bopen(?:ing)?\b/, "opening hours"],
  [/\bpoints\b/, "drops"]
]

const reduced = (word: string): string => {
  const bare = word
    .replace(/(?:ies|y)$/, "i")
    .replace(/(?:ing|edly|ed|es|s|ly)$/, (end) => (word.length - end.length >= 3 ? "" : end))
    .replace(/([^aeiou])\1$/, "$1")
  return bare.slice(0, 6)
}

const lowered = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim()

/** A question with the words of pages added to its own: what to search for. */
export const expanded = (text: string): string => {
  const lower = lowered(text)
  const added = sameAs.flatMap(([said, written]) =>
    said.test(lower) && !lower.includes(written) ? [written] : []
  )
  return [text, ...added].join(" ")
}

/** A question in the words of pages instead of its own: what a sentence is compared with. */
export const rephrased = (text: string): string =>
  sameAs.reduce((lower, [said, written]) => lower.replace(said, written), lowered(text))

/** Each word once, in the order in which they come. */
export const wordsOf = (text: string): ReadonlyArray<string> => {
  const words =
    text
      .normalize("NFKC")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  return [
    ...new Set(
      words.filter((word) => word.length > 1 && !stopWords.has(word)).map((word) => reduced(word))
    )
  ]
}
