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

/**
 * The shown turns with the newest ones behind them; the newest alone where they do not reach back to
 * the shown ones.
 */
export const continued = (
  shown: ReadonlyArray<ShownTurn>,
  newest: ReadonlyArray<ShownTurn>
): ReadonlyArray<ShownTurn> => {
  const last = shown.at(-1)
  const at = newest.findIndex(({ id }) => id === last?.id)
  return at === -1 ? newest : [...shown, ...newest.slice(at + 1)]
}

/** The shown turns with older ones before them. A page may end within a turn: its halves are one again. */
export const preceded = (
  [first, ...rest]: ReadonlyArray<ShownTurn>,
  older: ReadonlyArray<ShownTurn>
): ReadonlyArray<ShownTurn> => {
  const last = older.at(-1)
  if (first === undefined) return older
  return last?.id === first.id
    ? [...older.slice(0, -1), { ...first, question: last.question, at: last.at }, ...rest]
    : [...older, first, ...rest]
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
