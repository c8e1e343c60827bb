/** A turn as its events tell it: facts are true, deltas are what is being written. */
import type { ReadEvent } from "@atrium/http/client"
import {
  asked,
  ended,
  joined,
  type ShownTurn,
  shownJson,
  textIn,
  withCall,
  withParts,
  withResult
} from "./ShownTurn.ts"

/**
 * - `texts`: the parts of the answer's messages so far, by message.
 * - `draft`: the message that is being written, and the calls that it holds. One at a time is, so
 *   where another begins, this one was lost in a crash or a retry.
 */
export interface Writing {
  readonly turn: ShownTurn
  readonly texts: ReadonlyMap<string, ReadonlyArray<string>>
  readonly draft: { readonly id: string; readonly calls: ReadonlyArray<string> } | undefined
}

export const begun = (turn: ShownTurn): Writing => ({ turn, texts: new Map(), draft: undefined })

const answering = (
  { draft, turn }: Writing,
  texts: ReadonlyMap<string, ReadonlyArray<string>>
): Writing => ({
  draft,
  texts,
  turn: { ...turn, answer: joined([...texts.values()].map((parts) => parts.join(""))) }
})

/** Without what was written and never stored. */
const retracted = (writing: Writing): Writing => {
  const { draft, texts, turn } = writing
  if (draft === undefined) return writing
  const left = new Map(texts)
  left.delete(draft.id)
  const tools = turn.tools.filter(({ callId }) => !draft.calls.includes(callId))
  return answering({ draft: undefined, texts, turn: { ...turn, tools } }, left)
}

/** Ready for a piece of a message. */
const drafting = (writing: Writing, id: string): Writing =>
  writing.draft?.id === id ? writing : { ...retracted(writing), draft: { id, calls: [] } }

const stops: Readonly<Record<string, string>> = {
  cancelled: "Stopped. What was written so far is kept.",
  "max-steps": "Stopped: the agent took as many steps as it may. What was written is kept.",
  budget: "Stopped: the budget is used up. An operator can raise it.",
  "time-limit": "Stopped: the answer took longer than it may. What was written is kept.",
  refused: "The model declined to answer this."
}

/** The turn after one more event. Events of a newer server are passed over. */
export const written = (writing: Writing, event: ReadEvent): Writing => {
  const { turn } = writing
  const told = (changed: Partial<ShownTurn>): Writing => ({
    ...writing,
    turn: { ...turn, ...changed }
  })
  switch (event._tag) {
    case "TurnStarted":
      // Facts from the beginning: what was shown before is told again.
      return begun(asked(event.turnId, textIn(event.input), "running", event.at))
    case "TextDelta": {
      const drafted = drafting(writing, event.messageId)
      const parts = [...(drafted.texts.get(event.messageId) ?? [])]
      const before = parts[event.part] ?? ""
      for (let part = parts.length; part < event.part; part++) parts[part] = ""
      parts[event.part] = before.slice(0, event.offset) + event.text
      return answering(drafted, new Map(drafted.texts).set(event.messageId, parts))
    }
    case "Retracted":
      return retracted(writing)
    case "ToolInputDelta": {
      const drafted = drafting(writing, event.messageId)
      const { callId, name } = event
      const known = drafted.turn.tools.find((tool) => tool.callId === callId)
      const input = (known?.input ?? "").slice(0, event.offset) + event.text
      const calls = [...(drafted.draft?.calls ?? []), callId]
      return {
        ...drafted,
        draft: { id: event.messageId, calls },
        turn: { ...drafted.turn, tools: withCall(drafted.turn.tools, { callId, name, input }) }
      }
    }
    case "MessageStored": {
      const { message } = event
      if (message.role !== "assistant" && message.role !== "tool") return writing
      if (message.role === "tool") return { ...writing, turn: withParts(turn, message) }
      // A fact overrules what was streamed of it, and of whatever was begun before it.
      const { texts, turn: before } = retracted(writing)
      return answering(
        { ...begun(withParts(before, message)), texts },
        new Map(texts).set(message.id, [textIn(message)])
      )
    }
    case "ToolStarted":
      return told({
        tools: turn.tools.some(({ callId }) => callId === event.callId)
          ? withResult(turn.tools, event.callId, { state: "running" })
          : withCall(turn.tools, { callId: event.callId, name: event.name, input: "" })
      })
    case "ToolFinished":
      return told({
        tools: withResult(turn.tools, event.callId, {
          state: event.outcome === "done" ? "done" : "failed"
        })
      })
    case "ApprovalRequested": {
      const { callId, name } = event
      const tools = withCall(turn.tools, { callId, name, input: shownJson(event.input) })
      return told({ state: "waiting", tools: withResult(tools, callId, { state: "waiting" }) })
    }
    case "ApprovalResolved":
      return told({
        state: "running",
        tools: withResult(turn.tools, event.callId, {
          state: event.approved ? "running" : "stopped"
        })
      })
    case "TurnFinished":
      return event.stop === "answered"
        ? { ...writing, turn: ended(turn, "answered") }
        : { ...writing, turn: ended(turn, "stopped", stops[event.stop] ?? "Stopped.") }
    case "TurnFailed":
      return { ...writing, turn: ended(turn, "failed", event.message) }
    default:
      return writing
  }
}
