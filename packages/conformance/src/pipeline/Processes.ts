/** TRN-8: two processes on one storage, one writer for each conversation. */
import { textOf } from "@atrium/core/conversations/Message"
import { Storage } from "@atrium/core/storage/Storage"
import { Principal } from "@atrium/core/tenancy/Principal"
import { Turns } from "@atrium/core/turns/Turns"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as TestClock from "effect/testing/TestClock"
import { atOnce, jitter, range, seeded } from "../storage/Interleaving.ts"
import { gated } from "./Gates.ts"
import { as, inHouse } from "./House.ts"
import { type PipelineRule, timed } from "./PipelineRule.ts"
import { endOf } from "./Reading.ts"
import { ask, cancel, read, send, talk, transcript, type Within } from "./Steps.ts"
import { passing, still } from "./VirtualTime.ts"

type Facade = Turns["Service"]

/** Both processes, and switches that take one off the storage, as a pause of it does. */
interface Two {
  readonly one: Facade
  readonly other: Facade
  readonly inOne: ReturnType<typeof gated>
  readonly inOther: ReturnType<typeof gated>
  readonly freeze: (which: "one" | "other") => Effect.Effect<void>
  readonly thawed: (which: "one" | "other") => Effect.Effect<void>
  readonly thaw: Effect.Effect<void>
}

/** A storage whose transactions wait while it is frozen. */
const freezable = (storage: Storage["Service"], warm: Latch.Latch): Storage["Service"] => ({
  ...storage,
  transact: (self) => Effect.andThen(warm.await, storage.transact(self))
})

const two = (
  given: Omit<PipelineRule, "check" | "applies">,
  steps: (two: Two) => Effect.Effect<void, unknown, Within>
): PipelineRule =>
  timed({
    ...given,
    applies: ({ processes }) => processes,
    check: Effect.gen(function* () {
      const storage = yield* Storage
      const warm = { one: Latch.makeUnsafe(true), other: Latch.makeUnsafe(true) }
      const inOne = gated()
      const inOther = gated()
      const thaw = Effect.andThen(warm.one.open, Effect.asVoid(warm.other.open))
      const process =
        (name: keyof typeof warm, { driver: backend }: ReturnType<typeof gated>) =>
        <A, E, R>(self: Effect.Effect<A, E, R>) =>
          inHouse(self, { backend }).pipe(
            Effect.provideService(Storage, freezable(storage, warm[name]))
          )
      const inside = Effect.fnUntraced(function* (one: Facade) {
        const other = yield* Turns
        const freeze = (which: keyof typeof warm) => Effect.asVoid(warm[which].close)
        const thawed = (which: keyof typeof warm) => Effect.asVoid(warm[which].open)
        yield* Effect.ensuring(steps({ one, other, inOne, inOther, freeze, thawed, thaw }), thaw)
      })
      yield* Effect.flatMap(Turns, (one) =>
        inside(one).pipe(as("ann"), process("other", inOther))
      ).pipe(process("one", inOne))
    })
  })

const everywhere = ({ inOne, inOther }: Two, ...texts: ReadonlyArray<string>) =>
  Effect.forEach(texts, (text) => Effect.andThen(inOne.open(text), inOther.open(text)), {
    discard: true
  })

export const processes: ReadonlyArray<PipelineRule> = [
  two(
    { id: "TRN-8a", sentence: "a turn of one process is followed from another to its end" },
    (both) =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        const { id } = yield* both.one.send({ conversation, text: "one" })
        const reader = yield* Effect.forkChild(read(id))
        yield* still
        yield* both.inOne.open("one")
        assert.strictEqual(endOf((yield* passing(Fiber.join(reader))).facts), "answered")
        assert.lengthOf(both.inOther.runs, 0)
      })
  ),
  two(
    {
      id: "TRN-8b",
      sentence: "a cancel from another process stops the run at its next commit, its text kept"
    },
    (both) =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        const { id } = yield* both.one.send({ conversation, text: "one" })
        yield* still
        yield* cancel(id)
        yield* both.inOne.open("one")
        const { facts } = yield* passing(read(id))
        assert.strictEqual(endOf(facts), "cancelled")
        const [, kept] = yield* transcript(conversation)
        assert.deepStrictEqual(
          [kept?.partial, kept === undefined ? "" : textOf(kept)],
          [true, "re: one"]
        )
        yield* everywhere(both, "two")
        yield* passing(ask({ conversation, text: "two" }))
      })
  ),
  two(
    { id: "TRN-8c", sentence: "a turn cancelled from another process while it waits never runs" },
    (both) =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        const first = yield* both.one.send({ conversation, text: "one" })
        const next = yield* both.one.send({ conversation, text: "two" })
        yield* still
        yield* cancel(next.id)
        yield* both.inOne.open("one")
        assert.strictEqual(endOf((yield* passing(read(first.id))).facts), "answered")
        assert.strictEqual(endOf((yield* passing(read(next.id))).facts), "cancelled")
        yield* everywhere(both, "three")
        yield* passing(ask({ conversation, text: "three" }))
        assert.deepStrictEqual([...both.inOne.heard(), ...both.inOther.heard()], ["one", "three"])
      })
  ),
  two(
    {
      id: "TRN-8d",
      sentence: "a process whose lease ran out is taken over from, and writes nothing any more"
    },
    (both) =>
      Effect.gen(function* () {
        const caller = yield* Principal
        const { stores } = yield* Storage
        const { id: conversation } = yield* talk()
        const { id } = yield* both.one.send({ conversation, text: "one" })
        yield* still
        yield* both.freeze("one")
        yield* TestClock.adjust(10_000)
        yield* still
        assert.lengthOf(both.inOther.runs, 0)
        yield* TestClock.adjust(15_000)
        yield* still
        assert.lengthOf(both.inOther.runs, 1)
        // The first one wakes up, finishes its work and wants to write it.
        yield* both.inOne.open("one")
        yield* both.thaw
        yield* TestClock.adjust(1000)
        yield* still
        const now = yield* stores.turns.find(caller, id)
        assert.strictEqual(now._tag === "Some" ? now.value.end : "gone", null)
        assert.lengthOf(yield* transcript(conversation), 1)
        yield* both.inOther.open("one")
        const { facts, messages } = yield* passing(read(id))
        assert.strictEqual(endOf(facts), "answered")
        assert.deepStrictEqual(yield* transcript(conversation), messages)
        assert.lengthOf(messages, 2)
      })
  ),
  two(
    {
      id: "TRN-8e",
      sentence: "sends of two processes into one conversation run in the order of their begins"
    },
    (both) =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        const texts = range(6).map((n) => `text ${n}`)
        const sent: Array<string> = []
        for (const [n, text] of texts.entries()) {
          const process = n % 2 === 0 ? both.one : both.other
          sent.push((yield* process.send({ conversation, text })).id)
        }
        yield* everywhere(both, ...texts)
        for (const id of sent) assert.isTrue((yield* passing(read(id))).ended)
        const order = [...both.inOne.runs, ...both.inOther.runs]
          .toSorted((a, b) => a.position - b.position)
          .map(({ turn }) => turn.id)
        assert.deepStrictEqual([...order], sent)
        const answered = yield* Effect.forEach(sent, (id) => read(id))
        const ends = answered.map(({ facts }) => facts[facts.length - 1]?.at ?? 0)
        assert.deepStrictEqual(
          ends,
          ends.toSorted((a, b) => a - b),
          "one ended before the one that was sent before it"
        )
      })
  ),
  two(
    {
      id: "TRN-8f",
      rows: ["085"],
      sentence: "40 sends of both processes at once are 40 whole turns, one after another"
    },
    (both) =>
      seeded(
        Effect.gen(function* () {
          const { id: conversation } = yield* talk()
          const texts = range(40).map((n) => `text ${n}`)
          yield* everywhere(both, ...texts)
          const sent = yield* passing(
            atOnce(
              texts.map((text, n) =>
                Effect.andThen(
                  jitter,
                  (n % 2 === 0 ? both.one : both.other).send({ conversation, text })
                )
              )
            )
          )
          for (const { id } of sent) {
            assert.strictEqual(endOf((yield* passing(read(id), 500)).facts), "answered")
          }
          const messages = yield* transcript(conversation)
          assert.lengthOf(messages, 80)
          for (const [i, message] of messages.entries()) {
            const before = messages[i - 1]
            if (before !== undefined && i % 2 === 1) {
              assert.strictEqual(textOf(message), `re: ${textOf(before)}`)
            }
          }
        })
      )
  ),
  two(
    { id: "TRN-8g", sentence: "a send that interrupts a turn of another process ends it" },
    (both) =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        const first = yield* both.one.send({ conversation, text: "one" })
        yield* still
        yield* everywhere(both, "two")
        const next = yield* send({ conversation, text: "two", onBusy: "interrupt" })
        yield* both.inOne.open("one")
        assert.strictEqual(endOf((yield* passing(read(first.id))).facts), "cancelled")
        assert.strictEqual(endOf((yield* passing(read(next.id))).facts), "answered")
      })
  ),
  two(
    {
      id: "TRN-8h",
      sentence: "who lost a lease and gets it back writes under a new fence, and nobody beside it"
    },
    (both) =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        const { id } = yield* both.one.send({ conversation, text: "one" })
        yield* still
        yield* both.freeze("one")
        yield* TestClock.adjust(25_000)
        yield* still
        assert.lengthOf(both.inOther.runs, 1)
        // The first one does not know yet that it was fenced when the other one stops in its turn.
        yield* both.freeze("other")
        yield* both.thawed("one")
        yield* TestClock.adjust(16_000)
        yield* still
        const next = yield* both.one.send({ conversation, text: "two" })
        yield* both.inOther.open("one")
        yield* both.thaw
        yield* both.inOne.open("one")
        yield* both.inOne.open("two")
        assert.strictEqual(endOf((yield* passing(read(id))).facts), "answered")
        assert.strictEqual(endOf((yield* passing(read(next.id))).facts), "answered")
        assert.deepStrictEqual((yield* transcript(conversation)).map(textOf), [
          "one",
          "re: one",
          "two",
          "re: two"
        ])
      })
  )
]
