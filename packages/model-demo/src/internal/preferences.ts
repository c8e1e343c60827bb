/** What people like and want remembered: found in what they say, written as a line of a block. */
import { plain } from "./plain.ts"

/** Longest thing that is kept, in UTF-16 units. */
const longest = 160

const forms: ReadonlyArray<readonly [pattern: RegExp, line: string]> = [
  [/\bi (?:(?:really|much|usually|always) )?prefer (.+)/i, "Prefers"],
  [/\bi(?:'d|’d| would) rather (?:have )?(.+)/i, "Prefers"],
  [/\bi (?:really )?(?:love|adore) (.+)/i, "Loves"],
  [/\bi (?:really |also )?like (?!to know|to ask)(.+)/i, "Likes"],
  [/\bi (?:do not|don't|don’t) (?:really )?like (.+)/i, "Does not like"],
  [/\bi (?:really )?(?:hate|dislike|cannot stand|can't stand) (.+)/i, "Does not like"],
  [/\bi(?:'m|’m| am) allergic to (.+)/i, "Is allergic to"],
  [/\bmy (?:size is|size:) (.+)/i, "Size:"],
  [/\bmy (?:favou?rite [\p{L} ]{1,30}?) is (.+)/iu, "Favourite:"],
  [
    /^(?:please )?(?:remember|note|keep in mind)(?: that|:)? (?!me\b|my name\b|when\b|what\b)(.+)/i,
    "To remember:"
  ]
]

/** The line that keeps what a sentence says of its speaker; `undefined` where it says nothing to keep. */
export const preferenceIn = (sentence: string): string | undefined => {
  if (sentence.trimEnd().endsWith("?")) return undefined
  for (const [pattern, line] of forms) {
    const said = pattern.exec(sentence)?.[1]
    const kept = plain(said ?? "", longest)
      .replaceAll(";", ",")
      .replace(/[.!, ]+$/, "")
    if (kept !== "") return `${line} ${kept}`
  }
  return undefined
}

const written =
  /^(?:Prefers|Loves|Likes|Does not like|Is allergic to|Size:|Favourite:|To remember:) \S/

/** A block may be made with one line for all of them, as in `Preferences: (to be learned)`. */
const together = /^[ \t]*Preferences:(.*)$/im

/** That line of a block, as it stands there. */
export const preferencesLine = (value: string): string | undefined =>
  together.exec(value)?.[0].trim()

/** What such a line holds; nothing where it says, in brackets, that nothing is known. */
export const preferencesIn = (line: string): ReadonlyArray<string> =>
  (together.exec(line)?.[1] ?? "")
    .split(";")
    .map((kept) => plain(kept, longest))
    .filter((kept) => kept !== "" && !/^\(.*\)$/.test(kept))

/** That line with more in it. */
export const withPreferences = (line: string, more: ReadonlyArray<string>): string =>
  `Preferences: ${[...new Set([...preferencesIn(line), ...more])].join("; ")}`

/** What somebody likes, as a block keeps it: as much as one answer tells, the latest last. */
export const keptPreferences = (value: string): ReadonlyArray<string> => [
  ...preferencesIn(preferencesLine(value) ?? "").slice(-8),
  ...value
    .split("\n", 500)
    .map((line) => line.trim())
    .filter((line) => written.test(line))
    .map((line) => plain(line, longest))
    .slice(-8)
]
