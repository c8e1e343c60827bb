/** TRN-6: readers come and go, slow ones and fast ones; only a cancel ends a turn. */

import { Conversations } from "@atrium/core/conversations/Conversations"
import { textOf } from "@atrium/core/conversations/Message"
import * as Cursor from "@atrium/core/turns/Cursor"
import type { TurnEvent } from "@atrium/core/turns/TurnEvent"
import { Turns } from "@atrium/core/turns/Turns"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"
import { range } from "../storage/Interleaving.ts"
import { gated } from "./Gates.ts"
import { as, inHouse, type Opening } from "./House.ts"
import { type PipelineRule, timed } from "./PipelineRule.ts"
import * as Puppet from "./Puppet.ts"
import { endOf, Reading } from "./Reading.ts"
import { ask, cancel, read, refusal, send, talk, told, transcript, type Within } from "./Steps.ts"
import { passing, still } from "./VirtualTime.ts"

/** A rule with runs that wait until they are opened, as ann. */
export const waiting = (
  given: Omit<PipelineRule, "check">,
  steps: (puppet: ReturnType<typeof gated>) => Effect.Effect<void, unknown, Within>,
  opening: Opening = {}
): PipelineRule =>
  timed({
    ...given,
    check: Effect.suspend(() => {
      const puppet = gated()
      return inHouse(as("ann")(steps(puppet)), { backend: puppet.driver, ...opening })
    })
  })

const many = 10_000

/** Writes 10,000 pieces as soon as it is let go. */
const flood = (gate: Latch.Latch): Puppet.Script =>
  Effect.fnUntraced(function* (turn) {
    yield* gate.await
    const text = "0123456789".repeat(many / 10)
    yield* Puppet.write(turn, "flood", text, 1)
    yield* turn.commit([Puppet.called(1), Puppet.stored("flood", text)], { stop: "answered" })
    return undefined
  })

export const leaving: ReadonlyArray<PipelineRule> = [
  waiting(
    {
      id: "TRN-6a",
      rows: ["116"],
      sentence: "a client that leaves, in whatever way, does not cancel its turn"
    },
    ({ open }) =>
      Effect.gen(function* () {
        const turns = yield* Turns
        const { id: conversation } = yield* talk()
        const left = yield* Stream.runCollect(
          Stream.take(turns.stream({ conversation, text: "one" }), 2)
        )
        assert.lengthOf(left, 2)
        const asking = yield* Effect.forkChild(ask({ conversation, text: "two" }))
        const streaming = yield* Effect.forkChild(
          Stream.runDrain(turns.stream({ conversation, text: "three" }))
        )
        yield* still
        yield* Fiber.interrupt(asking)
        yield* Fiber.interrupt(streaming)
        for (const text of ["one", "two", "three", "four"]) yield* open(text)
        yield* passing(ask({ conversation, text: "four" }))
        assert.deepStrictEqual(
          (yield* transcript(conversation)).map(textOf),
          ["one", "two", "three", "four"].flatMap((text) => [text, `re: ${text}`])
        )
      })
  ),
  timed({
    id: "TRN-6b",
    rows: ["116"],
    sentence: "a reader who takes nothing slows nobody, and 10,000 events later misses nothing",
    check: Effect.suspend(() => {
      const gate = Latch.makeUnsafe()
      return Effect.gen(function* () {
        const turns = yield* Turns
        const { id: conversation } = yield* talk()
        const { id } = yield* send({ conversation, text: "flood" })
        const slow = new Reading()
        const hold = Latch.makeUnsafe()
        const reader = yield* Effect.forkChild(
          Stream.runForEach(turns.follow(id), (event) =>
            Effect.andThen(
              hold.await,
              Effect.sync(() => slow.take(event))
            )
          )
        )
        const fast = yield* Effect.forkChild(read(id))
        yield* still
        yield* gate.open
        assert.isTrue((yield* passing(Fiber.join(fast))).ended)
        assert.lengthOf(slow.facts, 0)
        yield* hold.open
        yield* passing(Fiber.join(reader))
        assert.deepStrictEqual(slow.facts, (yield* read(id)).facts)
      }).pipe(as("ann"), (self) => inHouse(self, { backend: Puppet.make(flood(gate)).driver }))
    })
  }),
  timed({
    id: "TRN-6c",
    rows: ["016"],
    sentence:
      "cancel interrupts the backend's work, frees what it held, and leaves an answerable talk",
    check: Effect.suspend(() => {
      const freed: Array<string> = []
      const { driver } = Puppet.make(
        Effect.fnUntraced(function* (turn) {
          if (Puppet.heard(turn) !== "hang") return yield* Puppet.echo(turn)
          yield* Effect.acquireRelease(Effect.void, () => Effect.sync(() => freed.push("scope")))
          yield* turn.emit(Puppet.piece("half", 0, "half an ans"))
          return yield* Effect.onInterrupt(Effect.never, () =>
            Effect.sync(() => freed.push("call"))
          )
        })
      )
      return Effect.gen(function* () {
        const turns = yield* Turns
        const { id: conversation } = yield* talk()
        const { id } = yield* send({ conversation, text: "hang" })
        const live = yield* Effect.forkChild(read(id))
        yield* still
        yield* cancel(id)
        assert.sameMembers(freed, ["call", "scope"])
        const { facts } = yield* passing(Fiber.join(live))
        assert.strictEqual(endOf(facts), "cancelled")
        assert.deepStrictEqual((yield* read(id)).facts, facts)
        const [, partial] = yield* transcript(conversation)
        assert.deepStrictEqual(
          [partial?.partial, partial?.role, partial === undefined ? "" : textOf(partial)],
          [true, "assistant", "half an ans"]
        )
        assert.strictEqual((yield* turns.find(id)).state, "finished")
        assert.strictEqual(yield* refusal(cancel(id)), "Conflict")
        assert.strictEqual((yield* passing(ask({ conversation, text: "hi" }))).text, "re: hi")
        assert.strictEqual(yield* refusal(cancel(id)), "Conflict")
      }).pipe(as("ann"), (self) => inHouse(self, { backend: driver }))
    })
  }),
  waiting(
    {
      id: "TRN-6d",
      sentence: "a cancelled turn that waits in the queue never runs; the others do"
    },
    ({ heard, open }) =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        const texts = ["one", "two", "three"]
        const sent = yield* Effect.forEach(texts, (text) => send({ conversation, text }))
        yield* still
        yield* cancel(sent[1]?.id ?? "")
        for (const text of texts) yield* open(text)
        const ends = yield* Effect.forEach(sent, ({ id }) =>
          Effect.map(passing(read(id)), ({ facts }) => endOf(facts))
        )
        assert.deepStrictEqual(ends, ["answered", "cancelled", "answered"])
        assert.deepStrictEqual(heard(), ["one", "three"])
      })
  ),
  waiting(
    {
      id: "TRN-6e",
      sentence: "a conversation deleted in mid-turn: its turns end as Gone, the queue does not run"
    },
    ({ heard, open }) =>
      Effect.gen(function* () {
        const conversations = yield* Conversations
        const { id: conversation } = yield* talk()
        const sent = yield* Effect.forEach(["one", "two"], (text) => send({ conversation, text }))
        const readers = yield* Effect.forEach(sent, ({ id }) => Effect.forkChild(refusal(told(id))))
        yield* still
        yield* conversations.delete(conversation)
        for (const text of ["one", "two", "three"]) yield* open(text)
        assert.deepStrictEqual(yield* passing(Effect.forEach(readers, Fiber.join)), [
          "Gone",
          "Gone"
        ])
        assert.deepStrictEqual(heard(), ["one"])
        for (const { id } of sent) assert.strictEqual(yield* refusal(cancel(id)), "NotFound")
        assert.strictEqual(yield* refusal(send({ conversation, text: "late" })), "NotFound")
        const again = yield* talk()
        assert.notStrictEqual(again.id, conversation)
        yield* passing(ask({ conversation: again.id, text: "three" }))
        assert.lengthOf(yield* transcript(again.id), 2)
      })
  ),
  waiting(
    {
      id: "TRN-6f",
      sentence:
        "who comes while a turn hands over from live to stored misses nothing, at any moment"
    },
    ({ open }) =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        for (const n of range(8)) {
          const text = `turn ${n}`
          const { id } = yield* send({ conversation, text })
          yield* still
          const seen: Array<TurnEvent> = []
          const turns = yield* Turns
          yield* Effect.forkChild(
            Stream.runForEach(turns.follow(id), (event) => Effect.sync(() => void seen.push(event)))
          )
          yield* still
          const before = [...seen]
          const readers: Array<Fiber.Fiber<Reading, unknown>> = []
          yield* open(text)
          for (const _ of range(40)) {
            for (const [i, event] of before.entries()) {
              const reading = Reading.of(before.slice(0, i + 1)).comeBack(event)
              const rest = Effect.map(told(id, Cursor.after(event)), (events) => {
                for (const next of events) reading.take(next)
                return reading
              })
              readers.push(yield* Effect.forkChild(rest))
            }
            yield* Effect.yieldNow
          }
          const whole = Reading.of(yield* passing(told(id)))
          for (const reader of readers) {
            assert.deepStrictEqual((yield* passing(Fiber.join(reader))).facts, whole.facts)
          }
        }
      })
  )
]
