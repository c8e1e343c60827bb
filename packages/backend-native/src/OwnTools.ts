/** The tools that every agent has: names, what a model is told of them, and their inputs. */
import * as Schema from "effect/Schema"
import { type Described, inputOf } from "./Tools.ts"

const S = Schema.String
const label = S.annotate({ description: "Label of the block." })
const text = S.annotate({ description: "Plain text." })

/** The inputs by tool. */
export const inputs = {
  memory_append: Schema.Struct({ label, text }),
  memory_replace: Schema.Struct({
    label,
    old: S.annotate({ description: "Text to replace; it stands in the block exactly once." }),
    text
  }),
  memory_insert: Schema.Struct({
    label,
    line: Schema.Int.check(Schema.isBetween({ minimum: -1, maximum: 100_000 })).annotate({
      description: "Line to insert after, from 1; 0: before the first, -1: after the last."
    }),
    text
  }),
  memory_rethink: Schema.Struct({ label, text }),
  passage_insert: Schema.Struct({ text }),
  passage_search: Schema.Struct({ query: S.annotate({ description: "Words to look for." }) }),
  conversation_search: Schema.Struct({ query: S.annotate({ description: "Words to look for." }) })
}

export type OwnName = keyof typeof inputs
/** The tools that change a block. */
export type EditName = Extract<OwnName, `memory_${string}`>

const descriptions: Readonly<Record<OwnName, string>> = {
  memory_append: "Adds a line to the end of a memory block.",
  memory_replace: "Replaces a piece of a memory block; an empty text removes it.",
  memory_insert: "Adds a line to a memory block, after a line of it.",
  memory_rethink: "Replaces the whole text of a memory block, to sort it or to shorten it.",
  passage_insert:
    "Keeps a text that is too long or too rarely wanted for a memory block. passage_search finds it.",
  passage_search:
    "Searches what was kept, and the documents, by words. Each passage found has a number to cite it by.",
  conversation_search: "Searches what was said earlier with this user, by words."
}

const isOwn = (name: string): name is OwnName => Object.hasOwn(inputs, name)

/** The tool of that name, if it is one of ours. */
export const ownName = (name: string): OwnName | undefined => (isOwn(name) ? name : undefined)

/** Names that no tool of an app may have. */
export const reserved: ReadonlyArray<string> = Object.keys(inputs)

export const isEdit = (name: OwnName): name is EditName => name.startsWith("memory_")

const described: ReadonlyArray<Described> = reserved.flatMap((name) =>
  isOwn(name) ? [{ name, description: descriptions[name], input: inputOf(inputs[name]) }] : []
)

const withoutEdits = described.filter(({ name }) => !name.startsWith("memory_"))

/** What an agent is offered; `changeable`: whether some block may be changed. */
export const offered = (changeable: boolean): ReadonlyArray<Described> =>
  changeable ? described : withoutEdits

/**
 * True for results that carry somebody else's text into the turn: every tool's of the app, and
 * passages, which come from documents. A change of memory tells only how it went, and a conversation
 * was read before.
 */
export const isForeign = (name: string): boolean => {
  const own = ownName(name)
  return own === undefined || own === "passage_search"
}
