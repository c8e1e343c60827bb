/** Turns from stored messages: what a page shows of the past. */
import type { Message } from "@atrium/core/conversations/Message"
import { asked, ended, joined, type ShownTurn, textIn, withParts } from "./ShownTurn.ts"

/** The turns of messages in their order; the first may have lost its beginning to an older page. */
export const turnsOf = (messages: ReadonlyArray<Message>): ReadonlyArray<ShownTurn> => {
  const byTurn = new Map<string, Array<Message>>()
  for (const message of messages) {
    // Summaries are the agent's own notes of what was said.
    if (message.role === "summary") continue
    const together = byTurn.get(message.turnId)
    if (together === undefined) byTurn.set(message.turnId, [message])
    else together.push(message)
  }
  return [...byTurn].map(([id, together]) => turnOf(id, together))
}

const turnOf = (id: string, messages: ReadonlyArray<Message>): ShownTurn => {
  const question = messages.find(({ role }) => role === "user")
  const said = messages.filter(({ role }) => role === "assistant")
  const turn = messages.reduce(withParts, {
    ...asked(id, question === undefined ? "" : textIn(question), "answered", question?.at ?? 0),
    answer: joined(said.map(textIn))
  })
  if (messages.some(({ partial }) => partial)) return ended(turn, "stopped")
  return turn.answer === "" ? ended(turn, "failed") : ended(turn, "answered")
}
