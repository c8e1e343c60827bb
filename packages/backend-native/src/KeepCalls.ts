/** Calls that keep a passage. */
import type { Running } from "@atrium/core/backend/AgentBackend"
import { isWellFormed } from "@atrium/core/ids"
import * as Passages from "@atrium/core/memory/Passages"
import { agentArchive } from "@atrium/core/storage/Archive"
import type { PassageRecord } from "@atrium/core/storage/PassageStore"
import type { ToolCalled, ToolOutcome } from "@atrium/core/tools/ToolSpec"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Outcomes from "./Outcomes.ts"
import { inputs } from "./OwnTools.ts"

const readText = Schema.decodeUnknownOption(inputs.passage_insert)

/** Tag of passages that were written after the turn had read somebody else's text. */
const derivedTag = "derived"

/** What a call keeps, and what it tells. */
export interface Kept {
  readonly outcome: ToolOutcome
  readonly passages: ReadonlyArray<PassageRecord>
}

const whyRefused = (text: string): string | undefined => {
  if (text.trim() === "") return "The text is empty."
  if (text.length > Passages.maximumPassage) {
    return `A passage has at most ${Passages.maximumPassage} characters; this one has ${text.length}. Keep it in pieces.`
  }
  return isWellFormed(text) ? undefined : "A text must not hold NUL or lone surrogates."
}

/** The passage that a call asks for: the user's own with this agent, never another user's to find. */
export const keep = Effect.fnUntraced(function* (
  { agentId, scope }: Running,
  call: ToolCalled,
  foreign: boolean
): Effect.fn.Return<Kept> {
  const input = readText(call.input)
  if (Option.isNone(input)) return { outcome: Outcomes.malformed(call), passages: [] }
  const { text } = input.value
  const refused = whyRefused(text)
  if (refused !== undefined) return { outcome: Outcomes.failed(call, refused), passages: [] }
  const archive = agentArchive(agentId, Option.getOrNull(scope.userId))
  const made = yield* Passages.make(archive, [{ text }])
  const passages = foreign ? made.map((passage) => ({ ...passage, tags: [derivedTag] })) : made
  return {
    outcome: Outcomes.done(call, { id: passages[0]?.id ?? "" }),
    passages
  }
})
