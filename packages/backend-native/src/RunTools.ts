/** Runs the calls of one step: the app's by core, together; our own here; writes are left to the commit. */
import type { Running } from "@atrium/core/backend/AgentBackend"
import type { Message } from "@atrium/core/conversations/Message"
import type { StorageError, TurnError } from "@atrium/core/errors"
import type { PassageRecord } from "@atrium/core/storage/PassageStore"
import type { Storage } from "@atrium/core/storage/Storage"
import type { ToolCalled, ToolOutcome } from "@atrium/core/tools/ToolSpec"
import { maximumCalls } from "@atrium/core/turns/CallTools"
import * as Effect from "effect/Effect"
import { type Numbered, numberedIn } from "./Citations.ts"
import { type Draft, toJson } from "./Draft.ts"
import type { EditCall } from "./EditCalls.ts"
import { keep } from "./KeepCalls.ts"
import * as Outcomes from "./Outcomes.ts"
import { isEdit, ownName } from "./OwnTools.ts"
import { searchConversations, searchPassages } from "./SearchCalls.ts"

/** What a step's calls came to, but for the edits, which the commit decides on. */
export interface Ran {
  readonly calls: ReadonlyArray<ToolCalled>
  /** Outcomes by call id; edits have none yet. */
  readonly outcomes: ReadonlyMap<string, ToolOutcome>
  readonly edits: ReadonlyArray<EditCall>
  readonly passages: ReadonlyArray<PassageRecord>
}

/** What the calls of a step are run with. */
export interface RunOptions {
  readonly said: ReadonlyArray<Message>
  readonly foreign: boolean
}

/** Most searches of one step: each tells up to five texts, and reads while nothing else is stored. */
const maximumSearches = 8

/** The calls of a step's message, in order. */
export const callsOf = ({ parts }: Draft): ReadonlyArray<ToolCalled> =>
  parts.flatMap((part) =>
    part._tag === "ToolCall" ? [{ callId: part.callId, name: part.name, input: part.input }] : []
  )

const cutOff = "The call was cut off and not run. Make it again, shorter."
const tooMany = `Not run: at most ${maximumCalls} calls are made in one step. Make it again in the next.`
const enoughSearches = `Not run: at most ${maximumSearches} searches are made in one step. Read what they found first.`
const noResult = "The tool gave no result."

/** Answers "waiting" where a person has to decide first; nothing of our own was done then. */
export const runTools = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  turn: Running,
  draft: Draft,
  { foreign, said }: RunOptions
): Effect.fn.Return<Ran | "waiting", TurnError | StorageError> {
  const calls = callsOf(draft)
  const outcomes = new Map<string, ToolOutcome>()
  const names = new Set(turn.tools.map(({ name }) => name))
  const cut = new Set(draft.cut)
  for (const call of calls.slice(maximumCalls))
    outcomes.set(call.callId, Outcomes.failed(call, tooMany))
  for (const call of calls)
    if (cut.has(call.callId)) outcomes.set(call.callId, Outcomes.failed(call, cutOff))
  const isApps = ({ callId, name }: ToolCalled) => names.has(name) && !outcomes.has(callId)
  const apps = calls.filter(isApps)
  if (apps.length > 0) {
    const ended = yield* turn.callTools(apps, { foreign, draft: toJson(draft) })
    if (ended === "waiting") return "waiting"
    for (const outcome of ended) outcomes.set(outcome.callId, outcome)
  }
  const numbered: Map<number, Numbered> = new Map(numberedIn(said))
  const edits: Array<EditCall> = []
  const passages: Array<PassageRecord> = []
  let searches = 0
  for (const call of calls) {
    const own = ownName(call.name)
    if (outcomes.has(call.callId)) continue
    if (names.has(call.name)) outcomes.set(call.callId, Outcomes.failed(call, noResult))
    else if (own === undefined) {
      outcomes.set(call.callId, Outcomes.failed(call, "There is no tool of this name."))
    } else if (isEdit(own)) edits.push({ ...call, name: own })
    else if (own.endsWith("_search") && ++searches > maximumSearches) {
      outcomes.set(call.callId, Outcomes.failed(call, enoughSearches))
    } else if (own === "passage_search") {
      outcomes.set(call.callId, yield* searchPassages(storage, turn, call, numbered))
    } else if (own === "conversation_search") {
      outcomes.set(call.callId, yield* searchConversations(storage, turn, call))
    } else {
      const kept = yield* keep(turn, call, foreign)
      outcomes.set(call.callId, kept.outcome)
      passages.push(...kept.passages)
    }
  }
  return { calls, outcomes, edits, passages }
})
