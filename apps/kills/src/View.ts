/** A reader of a turn, as a client puts a turn together from events. It notices gaps and repeats. */
import { isDeepStrictEqual } from "node:util"
import type { Message } from "@atrium/core/conversations/Message"
import { isFact } from "@atrium/core/turns/TurnEvent"
import { isEnd, type TurnFact } from "@atrium/core/turns/TurnFact"
import type { Event } from "./Script.ts"

interface Draft {
  readonly messageId: string
  readonly attempt: number
  /** What was written of each part. */
  readonly parts: Map<number, string>
  /** Which of them are inputs of tools. */
  readonly inputs: Set<number>
}

/** Of a message that was cut off its texts are kept, and none of the calls that it was about to make. */
const textsOf = ({ inputs, parts }: Draft): Map<number, string> =>
  new Map(
    [...parts]
      .filter(([i, text]) => !inputs.has(i) && text !== "")
      .sort(([x], [y]) => x - y)
      .map(([, text], i) => [i, text])
  )

/** The texts of a message against what was written of it: a tool's input may be told in part. */
const differs = ({ parts }: Message, written: ReadonlyMap<number, string>): string | undefined => {
  for (const i of new Set([...parts.keys(), ...written.keys()])) {
    const part = parts[i]
    const text = written.get(i) ?? ""
    const stored = part?._tag === "Text" ? part.text : (JSON.stringify(part) ?? "")
    const same =
      part?._tag === "ToolCall"
        ? JSON.stringify(part.input).startsWith(text)
        : part?._tag === "Text"
          ? part.text === text
          : text === ""
    if (!same) return `the pieces say "${text}", but stored is "${stored}"`
  }
  return undefined
}

export class View {
  readonly name: string
  /** Where the reader stands. */
  cursor: string | undefined
  readonly facts: Array<TurnFact> = []
  /** What is wrong with what it read [TRN-1, TRN-2]. */
  readonly wrong: Array<string> = []
  private draft: Draft | undefined

  constructor(name: string) {
    this.name = name
  }

  get ended(): boolean {
    const last = this.facts.at(-1)
    return last !== undefined && isEnd(last)
  }

  read(event: Event, cursor: string): void {
    if (this.ended) this.blame(`${event._tag} came after the end`)
    if (isFact(event)) this.fact(event)
    else if (event._tag === "Retracted") {
      // It may also come where no text was read: it is told wherever it might be needed.
      this.draft = undefined
    } else this.written(event)
    this.cursor = cursor
  }

  /** What it read must be what is stored in the end. */
  compare(stored: ReadonlyArray<TurnFact>): void {
    this.facts.forEach((fact, i) => {
      if (isDeepStrictEqual(fact, stored[i])) return
      this.blame(`read ${JSON.stringify(fact)}, but stored is ${JSON.stringify(stored[i])}`)
    })
    if (this.facts.length !== stored.length) {
      this.blame(`read ${this.facts.length} facts, but ${stored.length} are stored`)
    }
  }

  private fact(fact: TurnFact): void {
    if (fact.sequence !== this.facts.length + 1) {
      this.blame(`fact ${fact.sequence} came after fact ${this.facts.length}`)
    }
    this.facts.push(fact)
    if (fact._tag === "MessageStored" && this.draft !== undefined) {
      const { messageId, parts } = this.draft
      const written = fact.message.partial ? textsOf(this.draft) : parts
      const wrong =
        fact.message.id === messageId
          ? differs(fact.message, written)
          : `${messageId} was being written, but ${fact.message.id} was stored`
      if (wrong !== undefined) this.blame(wrong)
      this.draft = undefined
    }
    if (isEnd(fact) && this.draft !== undefined) this.blame("a text was left without an end")
  }

  private written(delta: Exclude<Event, TurnFact | { readonly _tag: "Retracted" }>): void {
    const { attempt, messageId, offset, part, sequence, text } = delta
    if (sequence <= this.facts.length) {
      this.blame(`a piece for fact ${sequence} came after fact ${this.facts.length}`)
    }
    this.draft ??= { messageId, attempt, parts: new Map(), inputs: new Set() }
    if (this.draft.messageId !== messageId || this.draft.attempt !== attempt) {
      this.blame(`${this.draft.messageId} was left for ${messageId} without a word`)
      this.draft = { messageId, attempt, parts: new Map(), inputs: new Set() }
    }
    const before = this.draft.parts.get(part) ?? ""
    if (before.length !== offset) {
      this.blame(`a piece at ${offset} came after ${before.length} units`)
    }
    this.draft.parts.set(part, before + text)
    if (delta._tag === "ToolInputDelta") this.draft.inputs.add(part)
  }

  private blame(what: string): void {
    this.wrong.push(`${this.name}: ${what}`)
  }
}
