/**
 * A turn as this process knows it while it is queued or runs: its facts so far, the text that is
 * being written, and its readers. Everything here is synchronous, so a reader that joins sees neither
 * a gap nor a repeat [TRN-2]. Readers never slow the writer: one that falls behind is let go and
 * joins again at its cursor [TRN-6].
 */
import type { Message, Part } from "../conversations/Message.ts"
import { type Cursor, start } from "./Cursor.ts"
import type { NewDelta, TurnDelta, Written } from "./TurnDelta.ts"
import type { TurnFact } from "./TurnFact.ts"
import { isEnd } from "./TurnFact.ts"

/** What a reader of a turn gets. */
export type TurnEvent = TurnFact | TurnDelta

/** True for a fact, false for a delta: only deltas name the message they belong to. */
export const isFact = (event: TurnEvent): event is TurnFact => !("messageId" in event)

/** Events a reader may be behind before it is let go. */
export const readerCapacity = 256

/** Attempts of one run are numbered from here on, so that those of the next run never meet them. */
export const attemptsPerRun = 1000

/** One reader: what it has not taken yet, and whom to wake when there is something. */
export interface Reader {
  events: Array<TurnEvent>
  /** True when it fell behind and was let go: it has to join again. */
  lost: boolean
  closed: boolean
  wake: (() => void) | undefined
}

/** Which attempt a stored message's text is of, and the sequence when its first piece was written. */
export interface Origin {
  readonly attempt: number
  readonly began: number
}

interface Draft {
  readonly messageId: string
  readonly began: number
  readonly parts: Array<{ readonly tag: Written["_tag"]; text: string }>
}

/** The parts of a draft that a stored message may keep: a tool's input is none. */
const keptParts = (draft: Draft): ReadonlyArray<Part> =>
  draft.parts.flatMap(({ tag, text }): ReadonlyArray<Part> => {
    if (text === "") return []
    if (tag === "TextDelta") return [{ _tag: "Text", text }]
    return tag === "ReasoningDelta" ? [{ _tag: "Reasoning", text }] : []
  })

export class LiveTurn {
  readonly facts: Array<TurnFact>
  private readonly origins: Map<number, Origin>
  private readonly readers = new Set<Reader>()
  private draft: Draft | undefined
  private attempt: number

  /**
   * @param facts the facts so far, from `TurnStarted` on
   * @param origins where the texts of its stored messages come from, by sequence
   * @param run runs of this turn that died before this one
   */
  constructor(facts: ReadonlyArray<TurnFact>, origins: ReadonlyMap<number, Origin>, run: number) {
    this.facts = [...facts]
    this.origins = new Map(origins)
    this.attempt = run * attemptsPerRun
  }

  get ended(): boolean {
    const last = this.facts[this.facts.length - 1]
    return last !== undefined && isEnd(last)
  }

  /** Where the text of the message comes from that is about to be stored. */
  originOf(messageId: string): Origin {
    const began = this.draft?.messageId === messageId ? this.draft.began : this.facts.length + 1
    return { attempt: this.attempt, began }
  }

  /** Takes a piece of a message to come and hands it to the readers. */
  write(delta: NewDelta): void {
    if (this.ended) return
    if (delta._tag === "Retracted") {
      this.retract(delta.messageId)
      return
    }
    if (this.draft === undefined || this.draft.messageId !== delta.messageId) {
      this.draft = { messageId: delta.messageId, began: this.facts.length + 1, parts: [] }
    }
    const { parts } = this.draft
    while (parts.length <= delta.part) parts.push({ tag: delta._tag, text: "" })
    const part = parts[delta.part]
    if (part !== undefined) {
      if (part.text === "") parts[delta.part] = { tag: delta._tag, text: delta.text }
      else part.text += delta.text
    }
    this.tell({ ...delta, sequence: this.facts.length + 1, attempt: this.attempt })
  }

  /** Forgets the text that is being written, if any, and tells the readers so. */
  retract(messageId: string): void {
    if (this.draft === undefined) return
    this.tell({
      _tag: "Retracted",
      sequence: this.facts.length + 1,
      attempt: this.attempt,
      messageId
    })
    this.draft = undefined
    this.attempt += 1
  }

  /** What was written of a message that will not be finished, if it is worth keeping. */
  partial(): Pick<Message, "id" | "parts"> | undefined {
    if (this.draft === undefined) return undefined
    const parts = keptParts(this.draft)
    return parts.length === 0 ? undefined : { id: this.draft.messageId, parts }
  }

  /** Takes facts that were committed and hands them to the readers. */
  store(facts: ReadonlyArray<TurnFact>): void {
    for (const fact of facts) {
      if (fact._tag === "MessageStored") {
        this.origins.set(fact.sequence, this.originOf(fact.message.id))
        if (fact.message.id === this.draft?.messageId) this.draft = undefined
      } else if (isEnd(fact) && this.draft !== undefined) this.retract(this.draft.messageId)
      this.facts.push(fact)
      this.tell(fact)
    }
    if (this.ended) this.close()
  }

  /** Lets every reader go; they find the rest in the store. */
  close(): void {
    for (const reader of this.readers) {
      reader.closed = true
      reader.wake?.()
    }
    this.readers.clear()
  }

  /** A reader that has everything after `cursor` and gets what comes. */
  join(cursor: Cursor): Reader {
    const events = replay(
      this.facts,
      this.origins,
      cursor,
      this.draft !== undefined && {
        attempt: this.attempt,
        began: this.draft.began
      }
    )
    events.push(...this.drafted(cursor))
    const reader: Reader = { events, lost: false, closed: this.ended, wake: undefined }
    if (!this.ended) this.readers.add(reader)
    return reader
  }

  leave(reader: Reader): void {
    this.readers.delete(reader)
  }

  /** The text being written, from the cursor on. */
  private drafted(cursor: Cursor): ReadonlyArray<TurnEvent> {
    if (this.draft === undefined) return []
    const { began, messageId, parts } = this.draft
    const sequence = this.facts.length + 1
    const attempt = this.attempt
    const from = isInside(cursor, { attempt, began }, sequence) ? cursor : start
    return parts.flatMap(({ tag, text }, part) => {
      const offset = part < from.part ? text.length : part === from.part ? from.offset : 0
      return offset >= text.length
        ? []
        : [{ _tag: tag, sequence, attempt, messageId, part, offset, text: text.slice(offset) }]
    })
  }

  private tell(event: TurnEvent): void {
    for (const reader of this.readers) {
      if (reader.events.length >= readerCapacity) {
        reader.lost = true
        this.readers.delete(reader)
      } else reader.events.push(event)
      reader.wake?.()
    }
  }
}

/** True when the cursor stands inside the text that is, or became, fact `sequence`. */
const isInside = (cursor: Cursor, origin: Origin, sequence: number): boolean =>
  cursor.part >= 0 &&
  cursor.attempt === origin.attempt &&
  cursor.sequence >= origin.began &&
  cursor.sequence <= sequence

/**
 * The facts after `cursor`. A cursor inside a text: the rest of that text before its fact, or, when
 * that text was lost, a `Retracted` before everything.
 *
 * @param draft where the text comes from that is being written; false when none is
 */
export const replay = (
  facts: ReadonlyArray<TurnFact>,
  origins: ReadonlyMap<number, Origin>,
  cursor: Cursor,
  draft: Origin | false
): Array<TurnEvent> => {
  const later = facts.filter((fact) => fact.sequence >= cursor.sequence)
  const target = later.find((fact) => {
    const origin = fact._tag === "MessageStored" ? origins.get(fact.sequence) : undefined
    return origin !== undefined && isInside(cursor, origin, fact.sequence)
  })
  const lost =
    cursor.part >= 0 &&
    target === undefined &&
    !(draft !== false && isInside(cursor, draft, Number.MAX_SAFE_INTEGER))
  const events: Array<TurnEvent> = lost
    ? [{ _tag: "Retracted", sequence: cursor.sequence, attempt: cursor.attempt, messageId: "" }]
    : []
  for (const fact of later) {
    if (fact === target && fact._tag === "MessageStored") {
      events.push(...restOf(fact.message, fact.sequence, cursor))
    }
    events.push(fact)
  }
  return events
}

/** The text of a stored message from the cursor on, as deltas. */
const restOf = (message: Message, sequence: number, cursor: Cursor): ReadonlyArray<TurnEvent> =>
  message.parts.flatMap((part, index): ReadonlyArray<TurnEvent> => {
    if (index < cursor.part || (part._tag !== "Text" && part._tag !== "Reasoning")) return []
    const offset = index === cursor.part ? cursor.offset : 0
    if (offset >= part.text.length) return []
    return [
      {
        _tag: part._tag === "Text" ? "TextDelta" : "ReasoningDelta",
        sequence,
        attempt: cursor.attempt,
        messageId: message.id,
        part: index,
        offset,
        text: part.text.slice(offset)
      }
    ]
  })
