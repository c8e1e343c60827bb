/**
 * A turn as this process knows it while it is queued or runs: its facts so far, the text that is
 * being written, and its readers. Everything here is synchronous, so a reader that joins sees neither
 * a gap nor a repeat [TRN-2]. Readers never slow the writer: one that falls behind is let go and
 * joins again at its cursor [TRN-6].
 */
import type { Message, Part } from "../conversations/Message.ts"
import type { Cursor } from "./Cursor.ts"
import type { NewDelta, Written } from "./TurnDelta.ts"
import type { TurnEvent } from "./TurnEvent.ts"
import type { TurnFact } from "./TurnFact.ts"
import { isEnd } from "./TurnFact.ts"

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

/** What is being written of a part; the input of a tool call says which call it is of. */
type DraftPart =
  | { readonly tag: "TextDelta" | "ReasoningDelta"; text: string }
  | { readonly tag: "ToolInputDelta"; readonly callId: string; readonly name: string; text: string }

interface Draft extends Origin {
  readonly messageId: string
  readonly parts: Array<DraftPart>
}

const partOf = (delta: Exclude<NewDelta, { readonly _tag: "Retracted" }>): DraftPart =>
  delta._tag === "ToolInputDelta"
    ? { tag: delta._tag, callId: delta.callId, name: delta.name, text: "" }
    : { tag: delta._tag, text: "" }

/** The origin of a message that was stored without a piece of it being told: no cursor is inside. */
const untold = -1

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
  /** Readers with something new. They are woken when this turn is consistent again, not before. */
  private readonly woken = new Set<Reader>()
  /** Messages to come in the order in which they were begun; only the last one is written on. */
  private drafts: Array<Draft> = []
  private attempt: number
  /** Who stands after one of these first facts may hold text that was lost since. */
  private inherited: number

  /**
   * @param facts the facts so far, from `TurnStarted` on
   * @param origins where the texts of its stored messages come from, by sequence
   * @param run runs of this turn that died before this one
   */
  constructor(facts: ReadonlyArray<TurnFact>, origins: ReadonlyMap<number, Origin>, run: number) {
    this.facts = [...facts]
    this.origins = new Map(origins)
    this.attempt = run * attemptsPerRun
    this.inherited = run === 0 ? 0 : facts.length
  }

  get ended(): boolean {
    const last = this.facts[this.facts.length - 1]
    return last !== undefined && isEnd(last)
  }

  /** Where the text of the message comes from that is about to be stored. */
  originOf(messageId: string): Origin {
    const draft = this.drafts.find((other) => other.messageId === messageId)
    return draft === undefined
      ? { attempt: untold, began: this.facts.length + 1 }
      : { attempt: draft.attempt, began: draft.began }
  }

  /** Why a driver may not store `message`, or `undefined`: its id is new and its text as told. */
  whyRefused(message: Message): string | undefined {
    const taken = this.facts.some(
      (fact) =>
        (fact._tag === "MessageStored" && fact.message.id === message.id) ||
        (fact._tag === "TurnStarted" && fact.input.id === message.id)
    )
    if (taken) return `the id "${message.id}" is that of another message of the turn`
    const draft = this.drafts.find((other) => other.messageId === message.id)
    const differs = draft?.parts.some(({ tag, text }, i) => {
      const part = message.parts[i]
      if (tag === "TextDelta") return part?._tag !== "Text" || part.text !== text
      return tag === "ReasoningDelta" && (part?._tag !== "Reasoning" || part.text !== text)
    })
    return differs === true
      ? `"${message.id}" differs from the text that was told of it`
      : undefined
  }

  /** Takes a piece of a message to come and hands it to the readers. */
  write(delta: NewDelta): void {
    this.take(delta)
    this.wakeReaders()
  }

  private take(delta: NewDelta): void {
    if (this.ended) return
    if (delta._tag === "Retracted") {
      this.forget(delta.messageId)
      return
    }
    const draft = this.draftOf(delta.messageId)
    const { parts } = draft
    while (parts.length <= delta.part) parts.push(partOf(delta))
    const begun = parts[delta.part]
    const part = begun === undefined || begun.text === "" ? partOf(delta) : begun
    parts[delta.part] = part
    part.text += delta.text
    this.tell({ ...delta, sequence: this.facts.length + 1, attempt: draft.attempt })
  }

  /** The draft to write on. One that others have overtaken is told anew, so that it is the last. */
  private draftOf(messageId: string): Draft {
    const last = this.drafts[this.drafts.length - 1]
    if (last?.messageId === messageId) return last
    const found = this.drafts.find((other) => other.messageId === messageId)
    if (found !== undefined) {
      this.retell([...this.drafts.filter((other) => other !== found), found])
      return this.drafts[this.drafts.length - 1] ?? found
    }
    // Of drafts that wait together no two have one attempt, so that a cursor names one of them.
    if (last !== undefined) this.attempt += 1
    const begun = { messageId, began: this.facts.length + 1, attempt: this.attempt, parts: [] }
    this.drafts.push(begun)
    return begun
  }

  /** Forgets the text of a message, if there is any, and tells the readers so. */
  private forget(messageId: string): void {
    const rest = this.drafts.filter((draft) => draft.messageId !== messageId)
    if (rest.length < this.drafts.length) this.retell(rest)
  }

  /** Forgets all text that is being written, and tells `drafts` from their beginnings. */
  private retell(drafts: ReadonlyArray<Draft>): void {
    const only = this.drafts.length === 1 ? this.drafts[0] : undefined
    const sequence = this.facts.length + 1
    const messageId = only?.messageId ?? ""
    this.tell({ _tag: "Retracted", sequence, attempt: this.attempt, messageId })
    if (this.drafts.some(({ began }) => began < sequence)) this.inherited = this.facts.length
    this.drafts = []
    this.attempt += 1
    for (const { messageId, parts } of drafts) {
      const draft = this.draftOf(messageId)
      draft.parts.push(...parts)
      for (const event of textFrom(draft, sequence, 0, 0)) this.tell(event)
    }
  }

  /** The messages that will not be finished, with what was written of them as far as it is kept. */
  partials(): ReadonlyArray<Pick<Message, "id" | "parts">> {
    return this.drafts.map((draft) => ({ id: draft.messageId, parts: keptParts(draft) }))
  }

  /** Takes facts that were committed and hands them to the readers. */
  store(facts: ReadonlyArray<TurnFact>): void {
    for (const fact of facts) {
      if (fact._tag === "MessageStored") {
        const { id } = fact.message
        this.origins.set(fact.sequence, this.originOf(id))
        this.drafts = this.drafts.filter((draft) => draft.messageId !== id)
      } else if (isEnd(fact) && this.drafts.length > 0) this.retell([])
      this.facts.push(fact)
      this.tell(fact)
    }
    if (this.ended) this.close()
    else this.wakeReaders()
  }

  /** Lets every reader go; they find the rest in the store. */
  close(): void {
    for (const reader of this.readers) {
      reader.closed = true
      this.woken.add(reader)
    }
    this.readers.clear()
    this.wakeReaders()
  }

  /** A reader that has everything after `cursor` and gets what comes. */
  join(cursor: Cursor): Reader {
    const events = replay(this.facts, this.origins, cursor, this.drafts, this.inherited)
    events.push(...this.drafted(cursor))
    const reader: Reader = { events, lost: false, closed: this.ended, wake: undefined }
    if (!this.ended) this.readers.add(reader)
    return reader
  }

  leave(reader: Reader): void {
    this.readers.delete(reader)
  }

  /** The texts being written, from the cursor on: one who stands inside one has those before it. */
  private drafted(cursor: Cursor): ReadonlyArray<TurnEvent> {
    const sequence = this.facts.length + 1
    const at = this.drafts.findIndex((draft) => isInside(cursor, draft, sequence))
    return this.drafts
      .slice(Math.max(0, at))
      .flatMap((draft, i) =>
        at >= 0 && i === 0
          ? textFrom(draft, sequence, cursor.part, cursor.offset)
          : textFrom(draft, sequence, 0, 0)
      )
  }

  private tell(event: TurnEvent): void {
    for (const reader of this.readers) {
      if (reader.events.length >= readerCapacity) {
        reader.lost = true
        this.readers.delete(reader)
      } else reader.events.push(event)
      this.woken.add(reader)
    }
  }

  /** A reader that is woken may at once read, leave and join again, so all state is settled by now. */
  private wakeReaders(): void {
    if (this.woken.size === 0) return
    const woken = [...this.woken]
    this.woken.clear()
    for (const reader of woken) reader.wake?.()
  }
}

/** What was written of a draft, from `offset` of `part` on. */
const textFrom = (
  { attempt, messageId, parts }: Draft,
  sequence: number,
  from: number,
  offset: number
): ReadonlyArray<Written> =>
  parts.flatMap((of, part): ReadonlyArray<Written> => {
    const begin = part < from ? of.text.length : part === from ? offset : 0
    if (begin >= of.text.length) return []
    const text = of.text.slice(begin)
    const place = { sequence, attempt, messageId, part, offset: begin, text }
    return of.tag === "ToolInputDelta"
      ? [{ _tag: of.tag, ...place, callId: of.callId, name: of.name }]
      : [{ _tag: of.tag, ...place }]
  })

/** True when the cursor stands inside the text that is, or became, fact `sequence`. */
const isInside = (cursor: Cursor, origin: Origin, sequence: number): boolean =>
  cursor.part >= 0 &&
  cursor.attempt === origin.attempt &&
  cursor.sequence >= origin.began &&
  cursor.sequence <= sequence

/**
 * The facts after `cursor`. A cursor inside a text: the rest of that text before its fact. A reader
 * who may hold text that is lost, or that will be told from its beginning, is told first to forget
 * it: one inside a lost text, and one after a fact that came while a message was being written.
 *
 * @param drafts where the texts come from that are being written
 * @param inherited facts beside which a text was being written that is lost
 */
export const replay = (
  facts: ReadonlyArray<TurnFact>,
  origins: ReadonlyMap<number, Origin>,
  cursor: Cursor,
  drafts: ReadonlyArray<Origin>,
  inherited: number
): Array<TurnEvent> => {
  const later = facts.filter((fact) => fact.sequence >= cursor.sequence)
  const target = later.find((fact) => {
    const origin = fact._tag === "MessageStored" ? origins.get(fact.sequence) : undefined
    return origin !== undefined && isInside(cursor, origin, fact.sequence)
  })
  const begunBefore = ({ attempt, began }: Origin) => attempt !== untold && began < cursor.sequence
  const forgets =
    cursor.part < 0
      ? cursor.sequence > 1 &&
        (cursor.sequence <= inherited + 1 ||
          drafts.some(begunBefore) ||
          later.some(({ sequence }) => {
            const origin = origins.get(sequence)
            return origin !== undefined && begunBefore(origin)
          }))
      : target === undefined &&
        !drafts.some((draft) => isInside(cursor, draft, Number.MAX_SAFE_INTEGER))
  const { attempt, sequence } = cursor
  const events: Array<TurnEvent> = forgets
    ? [{ _tag: "Retracted", sequence, attempt, messageId: "" }]
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
