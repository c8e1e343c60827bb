/** What a message wants: told apart by patterns of English, since there is no model here. */
import { introduced } from "./names.ts"
import { orderIn } from "./orders.ts"
import { plain } from "./plain.ts"
import { preferenceIn } from "./preferences.ts"
import { wordsOf } from "./words.ts"

/** One thing that a message wants. */
export type Wish =
  | { readonly _tag: "KeepName"; readonly name: string }
  | { readonly _tag: "KeepPreference"; readonly line: string }
  | { readonly _tag: "AskName" }
  | { readonly _tag: "AskPreferences" }
  | { readonly _tag: "AskOrder"; readonly number: string | undefined; readonly text: string }
  | { readonly _tag: "Ask"; readonly text: string }
  | { readonly _tag: "Talk"; readonly about: "hello" | "thanks" | "bye" | "yourself" }

/** Of a longer message only the beginning is read, in UTF-16 units. */
const longest = 4_000
const longestQuestion = 400

const asksName =
  /\bwho am i\b|\b(?:what(?:'s|’s|s| is| was)|know|remember|recall|tell me|say|forg[eo]t(?:ten)?) (?:what )?my (?:own )?name\b/i

const asksPreferences = [
  /\bwhat (?:do|did) i (?:like|love|prefer|tell you|say i)\b/i,
  /\b(?:remember|recall|know) (?:what|which|anything|something)\b.*\b(?:i (?:like|love|prefer|told|said)|about me)\b/i,
  /\bwhat (?:do|did|have) you (?:remember(?:ed)?|know|kept?|noted?)\b.*\b(?:me|i)\b/i,
  /\bwhat (?:is|are|was|were) my (?:favou?rites?|preferences?|size)\b|\bwhat(?:'s|’s) my (?:favou?rite|size)\b/i
]

const talk: ReadonlyArray<
  readonly [pattern: RegExp, about: Extract<Wish, { _tag: "Talk" }>["about"]]
> = [
  [
    /^(?:hi|hello|hey|hiya|howdy|good (?:morning|day|afternoon|evening)|greetings)(?: (?:there|again|all|everyone|you))?$/,
    "hello"
  ],
  [
    /^(?:many |ok(?:ay)? |great |perfect )?(?:thanks|thank you|thx|cheers)(?: (?:a lot|so much|very much|again|for .{1,60}))?$/,
    "thanks"
  ],
  [/^(?:ok(?:ay)?|great|perfect|good|fine|cool|got it|i see|all right|alright)$/, "thanks"],
  [
    /^(?:bye|goodbye|bye bye|see you(?: later| soon)?|good night|have a (?:nice|good) .{1,20})$/,
    "bye"
  ],
  [
    /^(?:who|what) are you$|^are you (?:a |an )?(?:bot|robot|ai|human|real|person|machine|chatgpt).{0,30}$|^how are you(?: today)?$|^what can you do(?: for me)?$/,
    "yourself"
  ]
]

const talkIn = (sentence: string): Wish | undefined => {
  const bare = sentence
    .toLowerCase()
    .replace(/[^\p{L}\p{N}' ]+/gu, " ")
    .replace(/\s+/g, " ")
    .trim()
  const found = talk.find(([pattern]) => pattern.test(bare))
  return found === undefined ? undefined : { _tag: "Talk", about: found[1] }
}

const isQuestion = (sentence: string): boolean =>
  sentence.endsWith("?") ||
  /^(?:and |so |but |please )?(?:who|what|when|where|which|why|how|can|could|do|does|did|is|are|may|will|would|should|tell me|explain|show me)\b/i.test(
    sentence
  )

const wishesIn = (sentence: string, deep: boolean): ReadonlyArray<Wish> => {
  const small = talkIn(sentence)
  if (small !== undefined) return [small]
  if (asksName.test(sentence)) return [{ _tag: "AskName" }]
  if (asksPreferences.some((pattern) => pattern.test(sentence))) return [{ _tag: "AskPreferences" }]
  const found = deep ? introduced(sentence) : undefined
  if (found !== undefined) {
    const rest = found.rest.replace(/^(?:and|but|so)\b[\s,]*/i, "")
    return [
      { _tag: "KeepName", name: found.name },
      ...wishesIn(rest, false).filter((wish) => wish._tag !== "Ask" || isQuestion(rest))
    ]
  }
  const line = preferenceIn(sentence)
  if (line !== undefined) return [{ _tag: "KeepPreference", line }]
  if (wordsOf(sentence).length === 0) return []
  const order = orderIn(sentence)
  const text = plain(sentence, longestQuestion)
  if (order !== undefined) return [{ _tag: "AskOrder", number: order.number, text }]
  return text === "" ? [] : [{ _tag: "Ask", text }]
}

/**
 * In the order of the message, at most 6, one question among them: several sentences that ask are one
 * question, because they belong together.
 */
export const wishesOf = (message: string): ReadonlyArray<Wish> => {
  const sentences = message
    .slice(0, longest)
    .split(/(?<=[.!?…])\s+|\n+/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== "")
  const all = sentences.flatMap((sentence) =>
    wishesIn(sentence, true).map((wish) => ({ wish, asks: isQuestion(sentence) }))
  )
  const told = all.some(({ wish }) => wish._tag === "KeepName" || wish._tag === "KeepPreference")
  const asked = all.flatMap(({ asks, wish }) =>
    wish._tag === "Ask" && (asks || !told || sentences.length === 1) ? [wish.text] : []
  )
  const others = all.flatMap(({ wish }) => (wish._tag === "Ask" ? [] : [wish]))
  const name = others.findLast(({ _tag }) => _tag === "KeepName")
  const serious = others.filter(
    // Of several names the last one counts.
    (wish) => wish._tag !== "Talk" && (wish._tag !== "KeepName" || wish === name)
  )
  const question: ReadonlyArray<Wish> =
    asked.length === 0 ? [] : [{ _tag: "Ask", text: plain(asked.join(" "), longestQuestion) }]
  const wishes = [...serious.slice(0, 5), ...question]
  return wishes.length > 0 ? wishes : others.slice(0, 1)
}
