/** What the model makes of a text: known beforehand, so that the verdict can tell what is missing. */
import * as Dice from "./Dice.ts"

/** Label of the user's block that turns leave their marks in. */
export const label = "notes"

/** The tools that reach the world, by what a crash may do to them. */
export const acts = ["look", "book", "pay"] as const
export type Act = (typeof acts)[number]

/** A call; `what` is in no other call of any turn. */
export interface Planned {
  readonly name: Act | "memory_append" | "passage_insert"
  readonly what: string
}

export interface Errand {
  /** The calls of the first step; without any, that step is the answer. */
  readonly calls: ReadonlyArray<Planned>
  /** Says something before it calls. */
  readonly talks: boolean
}

const names = [
  "look",
  "book",
  "pay",
  "pay",
  "memory_append",
  "memory_append",
  "passage_insert"
] as const

/** The same text is the same errand. Its last word is its mark, which no other text has. */
export const errandOf = (text: string): Errand => {
  const dice = Dice.from(text)
  const mark = text.slice(text.lastIndexOf(" ") + 1)
  const count = dice.chance(0.2) ? 0 : 1 + dice.below(3)
  const calls = Array.from({ length: count }, (_, i) => ({
    name: names[dice.below(names.length)] ?? "look",
    what: `${mark}.${i}`
  }))
  return { calls, talks: dice.chance(0.5) }
}

/** A call's input. */
export const inputOf = ({ name, what }: Planned): Readonly<Record<string, string>> =>
  name === "memory_append"
    ? { label, text: what }
    : name === "passage_insert"
      ? { text: what }
      : { what }

/** True for the calls that the world hears of. */
export const isAct = (name: string): name is Act => acts.some((act) => act === name)
