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
 * The shown turns with those of the newest page that are not shown yet, each at its place; the newest
 * alone where they do not reach back to the shown ones. `older`: whether there are turns before the
 * shown ones, which are left to be asked for.
 */
export const continued = (
  shown: ReadonlyArray<ShownTurn>,
  newest: ReadonlyArray<ShownTurn>,
  older: boolean
): ReadonlyArray<ShownTurn> => {
  const places = new Map(newest.map(({ id }, place) => [id, place]))
  const from = shown.findIndex(({ id }) => places.has(id))
  const first = shown[from]
  if (first === undefined) return newest
  // What is shown knows more of its end than the transcript does.
  const known = new Map(shown.map((turn) => [turn.id, turn]))
  const start = older || from > 0 ? places.get(first.id) : 0
  const rest = newest.slice(start).map((turn) => known.get(turn.id) ?? turn)
  return [...shown.slice(0, from), ...rest]
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
