/** Names of people: found in what they say, and in what was kept. */
import { plain } from "./plain.ts"

/** Longest name that is kept, in UTF-16 units. */
const longest = 60

const introduction =
  /(?:\bmy name(?:'s|’s| is)|\b(?:please|just|can|may|should) call me|^(?:so |and |then )?call me|\bi am called|\bi'm called)\s+/i

const alone =
  /^(?:(?:hi|hello|hey|good (?:morning|afternoon|evening))[,!. ]+)?(?:i'm|i’m|i am|this is)\s+/i

/** Words that follow an introduction and are no names. */
const noNames = new Set(
  `a about again all also an and any as asap at back because but by called for from here how if in it
  just later maybe my never no not now nothing of on or please really secret so something soon spelled
  spelt still that the then there today tomorrow unknown very what when where who wrong your`.split(
    /\s+/
  )
)

const isWord = (word: string): boolean => /^\p{L}[\p{L}\p{M}'’.-]*$/u.test(word)

/** The name that a text begins with: its first word, and those after it that are capitalised. */
const nameAt = (text: string): { readonly name: string; readonly rest: string } | undefined => {
  const words = text.split(/\s+/, 8)
  const name: Array<string> = []
  for (const word of words) {
    const bare = word.replace(/[,;:!?."”]+$/, "")
    const fits = isWord(bare) && bare.length <= 40 && !noNames.has(bare.toLowerCase())
    const follows = name.length === 0 || /^\p{Lu}/u.test(bare)
    if (!fits || !follows || bare === "I" || name.length === 4) break
    name.push(bare)
    if (bare !== word) break
  }
  if (name.length === 0) return undefined
  const end = text.indexOf(name.at(-1) ?? "") + (name.at(-1)?.length ?? 0)
  return { name: plain(name.join(" "), longest), rest: text.slice(end).replace(/^[\s,;:.!]+/, "") }
}

/** The name that somebody gives as his or her own in a sentence, and what the sentence goes on with. */
export const introduced = (
  sentence: string
): { readonly name: string; readonly rest: string } | undefined => {
  const plainly = introduction.exec(sentence)
  if (plainly !== null) return nameAt(sentence.slice(plainly.index + plainly[0].length))
  const bare = alone.exec(sentence)
  if (bare === null) return undefined
  const found = nameAt(sentence.slice(bare[0].length))
  // "I'm wet" is no introduction; "I'm Ida" is, when nothing else is said.
  return found !== undefined && /^\p{Lu}/u.test(found.name) && found.rest === "" ? found : undefined
}

/** The line that keeps a name. */
export const nameLine = (name: string): string => `Name: ${name}`

/** The line of a block that keeps a name, as it stands there. */
export const keptLine = (value: string): string | undefined =>
  /^[ \t]*Name:.*$/im.exec(value)?.[0].trim()

/** The name that a block's value tells. */
export const keptName = (value: string): string | undefined => {
  const line = keptLine(value)
  const told =
    line === undefined
      ? /\b(?:name is|called)\s+(.{1,200})/i.exec(value)?.[1]
      : line.slice(line.indexOf(":") + 1)
  if (told === undefined) return undefined
  const name = line === undefined ? (nameAt(told)?.name ?? "") : plain(told, longest)
  return name === "" || /^unknown$/i.test(name) ? undefined : name
}
