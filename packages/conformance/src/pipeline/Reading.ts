/** A reader that believes nothing: it fails at the first gap, repeat or untrue text [TRN-1, TRN-2]. */
import type { Message } from "@atrium/core/conversations/Message"
import { isFact, type TurnEvent } from "@atrium/core/turns/TurnEvent"
import { isEnd, type TurnFact } from "@atrium/core/turns/TurnFact"
import { assert } from "@effect/vitest"

/** What was read of a turn, event by event. */
export class Reading {
  readonly facts: Array<TurnFact> = []
  /** Text that was read of messages to come, by message and part. */
  private readonly drafts = new Map<string, Map<number, string>>()
  /** Messages that were being written when the reader left after a fact: they may never come. */
  private readonly left = new Set<string>()
  retracted = 0

  static of(events: Iterable<TurnEvent>): Reading {
    const reading = new Reading()
    for (const event of events) reading.take(event)
    return reading
  }

  get ended(): boolean {
    const last = this.facts[this.facts.length - 1]
    return last !== undefined && isEnd(last)
  }

  /** The messages that were stored, the user's first. */
  get messages(): ReadonlyArray<Message> {
    return this.facts.flatMap((fact) =>
      fact._tag === "TurnStarted" ? fact.input : fact._tag === "MessageStored" ? fact.message : []
    )
  }

  take(event: TurnEvent): void {
    assert.isFalse(this.ended, `${event._tag} came after the end`)
    if (isFact(event)) this.fact(event)
    else if (event._tag === "Retracted") this.retract(event.messageId)
    else {
      assert.isAtLeast(event.sequence, this.facts.length + 1, "a text before a fact that was read")
      const parts = this.drafts.get(event.messageId) ?? new Map<number, string>()
      const before = parts.get(event.part) ?? ""
      assert.strictEqual(
        event.offset,
        before.length,
        `a gap or a repeat in ${event.messageId}: "${event.text}" after "${before}"`
      )
      parts.set(event.part, before + event.text)
      this.drafts.set(event.messageId, parts)
    }
  }

  /** What has happened when the reader comes back after `last`. */
  comeBack(last: TurnEvent): this {
    if (isFact(last)) for (const id of this.drafts.keys()) this.left.add(id)
    return this
  }

  private retract(messageId: string): void {
    this.retracted += 1
    for (const id of messageId === "" ? [...this.drafts.keys()] : [messageId]) {
      this.drafts.delete(id)
      this.left.delete(id)
    }
  }

  private fact(fact: TurnFact): void {
    assert.strictEqual(fact.sequence, this.facts.length + 1, `the sequence of ${fact._tag}`)
    assert.strictEqual(fact._tag === "TurnStarted", fact.sequence === 1, `${fact._tag} came first`)
    if (fact._tag === "MessageStored") {
      const { id } = fact.message
      const read = this.left.has(id) ? undefined : this.drafts.get(id)
      fact.message.parts.forEach((part, index) => {
        if (part._tag !== "Text" && part._tag !== "Reasoning") return
        if (read !== undefined) {
          assert.strictEqual(read.get(index) ?? "", part.text, "what was read, then stored")
        }
      })
      this.drafts.delete(id)
    }
    if (isEnd(fact)) {
      const open = [...this.drafts.keys()].filter((id) => !this.left.has(id))
      assert.deepStrictEqual(open, [], "a text was neither stored nor retracted")
    }
    this.facts.push(fact)
  }
}

/** The stop of a finished turn, or the reason's tag of a failed one. */
export const endOf = (facts: ReadonlyArray<TurnFact>): string => {
  const last = facts[facts.length - 1]
  if (last?._tag === "TurnFinished") return last.stop
  return last?._tag === "TurnFailed" ? last.reason._tag : `no end, but ${last?._tag}`
}
