/** TRN-6: cancels, leaving clients and ends that meet at every possible moment. */

import { Conversations } from "@atrium/core/conversations/Conversations"
import { textOf } from "@atrium/core/conversations/Message"
import { type ConversationId, TurnId } from "@atrium/core/ids"
import * as Cursor from "@atrium/core/turns/Cursor"
import type { OnBusy } from "@atrium/core/turns/Turn"
import { Turns } from "@atrium/core/turns/Turns"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { atOnce, jitter, range, seeded } from "../storage/Interleaving.ts"
import { as, inHouse } from "./House.ts"
import { waiting } from "./Leaving.ts"
import { type PipelineRule, timed } from "./PipelineRule.ts"
import * as Puppet from "./Puppet.ts"
import { endOf, Reading } from "./Reading.ts"
import { ask, cancel, read, refusal, send, talk, transcript } from "./Steps.ts"
import { passing, still } from "./VirtualTime.ts"

const yields = (n: number) => Effect.replicateEffect(Effect.yieldNow, n, { discard: true })

/** Moments at which something else happens, in steps of a fiber that gives way. */
const moments = range(24)

/** Every turn of a conversation has one end, its messages stand in its order, and it can be used. */
const isWhole = Effect.fnUntraced(function* (
  conversation: ConversationId,
  sent: ReadonlyArray<string>
) {
  const conversations = yield* Conversations
  const { id } = yield* conversations.find(conversation)
  const readings = yield* Effect.forEach(sent, (turn) => passing(read(turn)))
  assert.strictEqual((yield* passing(ask({ conversation: id, text: "last" }))).text, "re: last")
  const stored = yield* transcript(id)
  const places = new Map(stored.map((message, i) => [message.id, i]))
  const placeOf = (reading: Reading) => places.get(reading.messages[0]?.id ?? "") ?? -1
  const told = readings
    .toSorted((a, b) => placeOf(a) - placeOf(b))
    .flatMap((reading) => {
      assert.isTrue(reading.ended)
      return reading.messages
    })
  assert.deepStrictEqual(stored.slice(0, -2), told, "the transcript is that of its turns")
  assert.strictEqual((yield* conversations.find(conversation)).length, stored.length)
})

export const races: ReadonlyArray<PipelineRule> = [
  waiting(
    { id: "TRN-6g", sentence: "a cancel at any moment after the send ends the turn, once" },
    ({ open }) =>
      Effect.gen(function* () {
        yield* open("last")
        const { id: conversation } = yield* talk()
        const sent: Array<string> = []
        for (const n of moments) {
          const { id } = yield* send({ conversation, text: `wait ${n}` })
          sent.push(id)
          yield* yields(n)
          yield* cancel(id)
          assert.strictEqual(endOf((yield* passing(read(id))).facts), "cancelled", `moment ${n}`)
        }
        yield* isWhole(conversation, sent)
      })
  ),
  waiting(
    {
      id: "TRN-6h",
      sentence: "of cancel and commit the first wins, and cancel says which, at any moment"
    },
    ({ open }) =>
      Effect.gen(function* () {
        yield* open("last")
        const { id: conversation } = yield* talk()
        const sent: Array<string> = []
        for (const n of moments) {
          const { id } = yield* send({ conversation, text: `wait ${n}` })
          sent.push(id)
          yield* still
          yield* open(`wait ${n}`)
          yield* yields(n)
          const said = yield* refusal(cancel(id))
          assert.strictEqual(
            endOf((yield* passing(read(id))).facts),
            said === "Conflict" ? "answered" : "cancelled",
            `moment ${n}: ${said}`
          )
        }
        yield* isWhole(conversation, sent)
      })
  ),
  waiting(
    {
      id: "TRN-6i",
      sentence:
        "a cancel of the next turn, at any moment while the one before it ends, ends it once"
    },
    ({ heard, open }) =>
      Effect.gen(function* () {
        yield* open("last")
        const { id: conversation } = yield* talk()
        const sent: Array<string> = []
        for (const n of moments) {
          const first = yield* send({ conversation, text: `first ${n}` })
          const next = yield* send({ conversation, text: `next ${n}` })
          sent.push(first.id, next.id)
          yield* still
          yield* open(`first ${n}`)
          yield* yields(n)
          const said = yield* passing(refusal(cancel(next.id)))
          assert.strictEqual(said, "no refusal", `moment ${n}`)
          assert.strictEqual(endOf((yield* passing(read(next.id))).facts), "cancelled")
          assert.strictEqual(endOf((yield* passing(read(first.id))).facts), "answered")
        }
        assert.include(heard(), "first 0")
        yield* isWhole(conversation, sent)
      })
  ),
  waiting(
    {
      id: "TRN-6j",
      sentence: "a sender interrupted at any moment leaves a whole turn or no trace of one"
    },
    ({ open }) =>
      Effect.gen(function* () {
        yield* open("last")
        yield* open("go")
        const { id: conversation } = yield* talk()
        for (const n of range(60)) {
          const before = (yield* transcript(conversation)).length
          const onBusy: OnBusy = n % 2 === 0 ? "queue" : "interrupt"
          const sender = yield* Effect.forkChild(ask({ conversation, text: "go", onBusy }))
          yield* yields(Math.floor(n / 2))
          yield* Fiber.interrupt(sender)
          yield* still
          const grown = (yield* transcript(conversation)).length - before
          assert.include([0, 2], grown, `moment ${n}`)
        }
        yield* passing(ask({ conversation, text: "last" }))
        const texts = (yield* transcript(conversation)).map(textOf)
        assert.isTrue(
          texts.every((text, i) => text === (i % 2 === 0 ? text : `re: ${texts[i - 1]}`))
        )
      })
  ),
  timed({
    id: "TRN-6k",
    rows: ["096"],
    sentence: "300 random sends, cancels and readers of one conversation, thrice, leave it whole",
    check: Effect.suspend(() => {
      const { driver } = Puppet.make(
        Effect.fnUntraced(function* (turn) {
          const text = `re: ${Puppet.heard(turn)}`
          const id = Puppet.messageId(turn)
          for (let i = 0; i < text.length; i += 2) {
            yield* jitter
            yield* turn.emit(Puppet.piece(id, i, text.slice(i, i + 2)))
          }
          yield* turn.commit([Puppet.called(1), Puppet.stored(id, text)])
          yield* jitter
          return undefined
        })
      )
      const storm = Effect.gen(function* () {
        const turns = yield* Turns
        const conversations = yield* Conversations
        const { id: conversation } = yield* conversations.start("helper")
        const sent: Array<string> = []
        const pick = Effect.map(
          Random.nextIntBetween(0, Math.max(0, sent.length - 1)),
          (i) => sent[i]
        )
        const follow = Effect.gen(function* () {
          const id = yield* pick
          if (id === undefined) return
          const taken = yield* Random.nextIntBetween(1, 8)
          const first = yield* Stream.runCollect(Stream.take(turns.follow(TurnId(id)), taken))
          const last = first[first.length - 1]
          if (last === undefined) return
          yield* jitter
          const reading = Reading.of(first).comeBack(last)
          yield* Stream.runForEach(turns.follow(TurnId(id), Cursor.after(last)), (event) =>
            Effect.sync(() => reading.take(event))
          )
          assert.isTrue(reading.ended)
        })
        const step = Effect.gen(function* () {
          yield* jitter
          const dice = yield* Random.nextIntBetween(0, 9)
          if (dice < 2) {
            const id = yield* pick
            if (id !== undefined) yield* Effect.ignore(turns.cancel(TurnId(id)))
          } else if (dice < 5) yield* follow
          else {
            const onBusy: OnBusy = dice < 7 ? "interrupt" : "queue"
            const turn = yield* Effect.option(send({ conversation, text: `text ${dice}`, onBusy }))
            if (turn._tag === "Some") sent.push(turn.value.id)
          }
        })
        yield* passing(atOnce(range(300).map(() => step)), 20)
        yield* isWhole(conversation, sent)
      })
      return inHouse(as("ann")(seeded(storm, 3)), { backend: driver })
    })
  })
]
