/**
 * Where a reader of a turn stands. After a fact: its sequence (`3`). Inside a message to come:
 * `sequence.part.offset` (`4.0.17`), with a fourth number, the attempt, when it is not the first.
 *
 * A fact may come while a message is being written; a cursor after it does not tell how much of the
 * message was read. Who comes back with it is told the message from its beginning, after a
 * `Retracted` where one can be known to be needed; a fact that stores or ends overrules all text.
 */
import type { TurnDelta } from "./TurnDelta.ts"
import type { TurnFact } from "./TurnFact.ts"

/**
 * Facts up to `sequence - 1` are known; of the message that will be fact `sequence`, `part` up to
 * `offset` UTF-16 units, in the given `attempt`. `part` -1: nothing of it.
 */
export interface Cursor {
  readonly sequence: number
  readonly part: number
  readonly offset: number
  readonly attempt: number
}

/** Before everything. */
export const start: Cursor = { sequence: 1, part: -1, offset: 0, attempt: 0 }

const form = /^(\d{1,9})(?:\.(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?)?$/

/** The cursor that `text` says, or `undefined` when it is not one. */
export const parse = (text: string): Cursor | undefined => {
  const match = form.exec(text)
  if (match === null) return undefined
  const [, sequence, part, offset, attempt] = match
  return part === undefined
    ? { ...start, sequence: Number(sequence) + 1 }
    : {
        sequence: Number(sequence),
        part: Number(part),
        offset: Number(offset),
        attempt: Number(attempt ?? 0)
      }
}

/** The cursor of a reader who has just read `event`. */
export const after = (event: TurnFact | TurnDelta): string => {
  switch (event._tag) {
    case "TextDelta":
    case "ReasoningDelta":
    case "ToolInputDelta": {
      const place = `${event.sequence}.${event.part}.${event.offset + event.text.length}`
      return event.attempt === 0 ? place : `${place}.${event.attempt}`
    }
    case "Retracted":
      return `${event.sequence - 1}`
    default:
      return `${event.sequence}`
  }
}
