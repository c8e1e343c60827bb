/** TRN-7: a process that stops in mid-turn, and the next one that takes up what it left. */

import { textOf } from "@atrium/core/conversations/Message"
import { StorageError } from "@atrium/core/errors"
import { TurnId } from "@atrium/core/ids"
import { Storage } from "@atrium/core/storage/Storage"
import * as Cursor from "@atrium/core/turns/Cursor"
import type { TurnEvent } from "@atrium/core/turns/TurnEvent"
import { Turns } from "@atrium/core/turns/Turns"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { range } from "../storage/Interleaving.ts"
import { gated } from "./Gates.ts"
import { as, inHouse } from "./House.ts"
import { death } from "./Lives.ts"
import { type PipelineRule, timed } from "./PipelineRule.ts"
import * as Puppet from "./Puppet.ts"
import { endOf, Reading } from "./Reading.ts"
import { ask, read, send, talk, transcript, type Within } from "./Steps.ts"
import { passing, still } from "./VirtualTime.ts"

const yields = (n: number) => Effect.replicateEffect(Effect.yieldNow, n, { discard: true })

/** One life of a process in which ann does `steps`. */
const life = <A>(driver: Puppet.Puppet["driver"], steps: Effect.Effect<A, unknown, Within>) =>
  inHouse(as("ann")(steps), { backend: driver })

/** What a reader sees of a turn until everything stands still. */
const readSoFar = Effect.fnUntraced(function* (id: TurnId) {
  const turns = yield* Turns
  const seen: Array<TurnEvent> = []
  yield* Effect.forkChild(
    Stream.runForEach(turns.follow(id), (event) => Effect.sync(() => void seen.push(event)))
  )
  yield* still
  return [...seen]
})

/** Goes on reading after `seen`, from the cursor of its last event. */
const readOn = Effect.fnUntraced(function* (id: TurnId, seen: ReadonlyArray<TurnEvent>) {
  const turns = yield* Turns
  const last = seen[seen.length - 1]
  const reading = Reading.of(seen)
  if (last !== undefined) reading.comeBack(last)
  const after = last === undefined ? undefined : Cursor.after(last)
  yield* passing(
    Stream.runForEach(turns.follow(id, after), (event) => Effect.sync(() => reading.take(event)))
  )
  return reading
})

const isWhole = Effect.fnUntraced(function* (conversation: string) {
  const messages = yield* transcript(conversation)
  assert.strictEqual(new Set(messages.map(({ id }) => id)).size, messages.length, "doubled")
  for (const [i, message] of messages.entries()) {
    const before = messages[i - 1]
    if (message.role === "assistant" && before !== undefined) {
      assert.strictEqual(textOf(message), `re: ${textOf(before)}`)
    }
  }
})

export const restart: ReadonlyArray<PipelineRule> = [
  timed({
    id: "TRN-7a",
    rows: ["006", "013"],
    sentence: "turns of a process that stopped are taken up in order; lost text is retracted",
    check: Effect.gen(function* () {
      const puppet = gated()
      const first = yield* life(
        puppet.driver,
        Effect.gen(function* () {
          const { agentId, id: conversation } = yield* talk()
          const sent = yield* Effect.forEach(["one", "two"], (text) => send({ conversation, text }))
          const seen = yield* readSoFar(sent[0]?.id ?? TurnId(""))
          return { agentId, conversation, sent, seen }
        })
      )
      assert.strictEqual(first.seen[first.seen.length - 1]?._tag, "TextDelta")
      yield* life(
        puppet.driver,
        Effect.gen(function* () {
          const again = yield* talk()
          assert.deepStrictEqual([again.id, again.agentId], [first.conversation, first.agentId])
          for (const text of ["one", "two", "three"]) yield* puppet.open(text)
          const { conversation, seen, sent } = first
          const reading = yield* readOn(sent[0]?.id ?? TurnId(""), seen)
          assert.strictEqual(reading.retracted, 1)
          assert.strictEqual(endOf(reading.facts), "answered")
          assert.isTrue((yield* passing(read(sent[1]?.id ?? ""))).ended)
          yield* passing(ask({ conversation, text: "three" }))
          assert.deepStrictEqual(
            (yield* transcript(conversation)).map(textOf),
            ["one", "two", "three"].flatMap((text) => [text, `re: ${text}`])
          )
          assert.deepStrictEqual(puppet.heard(), ["one", "one", "two", "three"])
        })
      )
    })
  }),
  timed({
    id: "TRN-7b",
    sentence: "a turn is run at most thrice, then it fails as Crashed, and the talk goes on",
    check: Effect.gen(function* () {
      const puppet = gated()
      const opening = { backend: puppet.driver }
      const { conversation, id } = yield* death(
        Effect.gen(function* () {
          const { id: conversation } = yield* talk()
          const { id } = yield* send({ conversation, text: "deadly" })
          yield* still
          return { conversation, id }
        }),
        opening
      )
      /** Lets time pass, so that leases run out, until the turn was begun `n` times. */
      const begun = (n: number) =>
        Effect.gen(function* () {
          while (puppet.runs.length < n) {
            yield* TestClock.adjust(1000)
            yield* still
          }
        })
      yield* death(begun(2), opening)
      yield* death(begun(3), opening)
      yield* life(
        puppet.driver,
        Effect.gen(function* () {
          const { facts } = yield* passing(read(id))
          const end = facts[facts.length - 1]
          assert.deepStrictEqual(end?._tag === "TurnFailed" ? end.reason : end, {
            _tag: "Crashed",
            times: 3
          })
          yield* puppet.open("alive")
          yield* passing(ask({ conversation, text: "alive" }))
        })
      )
      assert.deepStrictEqual(puppet.heard(), ["deadly", "deadly", "deadly", "alive"])
    })
  }),
  timed({
    id: "TRN-7c",
    sentence: "what a run committed is given to the next one as its past, and is not told twice",
    check: Effect.gen(function* () {
      const gates = gated()
      const pasts: Array<ReadonlyArray<string>> = []
      const { driver } = Puppet.make(
        Effect.fnUntraced(function* (turn) {
          pasts.push(turn.past.map(({ _tag }) => _tag))
          if (turn.past.length === 0) {
            yield* Puppet.write(turn, "step", "step")
            yield* turn.commit([Puppet.called(5), Puppet.stored("step", "step")])
          }
          yield* Puppet.write(turn, Puppet.messageId(turn), `half of ${turn.attempt}`)
          yield* gates.pass("on")
          return yield* Puppet.say({ ...turn, attempt: turn.attempt + 100 }, "end")
        })
      )
      const first = yield* life(
        driver,
        Effect.gen(function* () {
          const { id: conversation } = yield* talk()
          const { id } = yield* send({ conversation, text: "begin" })
          return { conversation, id, seen: yield* readSoFar(id) }
        })
      )
      yield* life(
        driver,
        Effect.gen(function* () {
          yield* gates.open("on")
          const reading = yield* readOn(first.id, first.seen)
          assert.isAtLeast(reading.retracted, 1)
          const end = reading.facts[reading.facts.length - 1]
          assert.strictEqual(end?._tag === "TurnFinished" ? end.usage.output : -1, 6)
          assert.deepStrictEqual(yield* transcript(first.conversation), reading.messages)
          assert.deepStrictEqual(pasts, [[], ["ModelCalled", "MessageStored"]])
        })
      )
    })
  }),
  timed({
    id: "TRN-7d",
    sentence: "a process that stops at any moment loses no acknowledged turn and doubles nothing",
    check: Effect.gen(function* () {
      const { driver } = Puppet.make()
      for (const n of range(24)) {
        const acknowledged: Array<string> = []
        const conversation = yield* life(
          driver,
          Effect.gen(function* () {
            const { id: conversation } = yield* talk()
            yield* Effect.forkChild(
              Effect.forEach(range(3), (i) =>
                Effect.map(send({ conversation, text: `${n} ${i}` }), ({ id }) =>
                  acknowledged.push(id)
                )
              )
            )
            yield* yields(n)
            return conversation
          })
        )
        yield* life(
          driver,
          Effect.gen(function* () {
            for (const id of acknowledged) {
              assert.strictEqual(endOf((yield* passing(read(id))).facts), "answered", `moment ${n}`)
            }
            yield* passing(ask({ conversation, text: "next" }))
            yield* isWhole(conversation)
          })
        )
      }
    })
  }),
  timed({
    id: "TRN-7e",
    sentence: "commits that fail, whichever they are, leave whole turns, and a talk that goes on",
    check: Effect.gen(function* () {
      const storage = yield* Storage
      const lost = StorageError.because({ _tag: "Unreachable", host: "storage" })
      for (const n of range(8)) {
        let left = Number.POSITIVE_INFINITY
        const failing: Storage["Service"] = {
          ...storage,
          transact: (self) =>
            Effect.suspend(() => {
              left -= 1
              return left === 0 ? Effect.fail(lost) : storage.transact(self)
            })
        }
        yield* life(
          Puppet.make().driver,
          Effect.gen(function* () {
            const { id: conversation } = yield* talk(`talk ${n}`)
            left = n
            const sent = yield* Effect.option(send({ conversation, text: "hello" }))
            yield* still
            left = Number.POSITIVE_INFINITY
            if (sent._tag === "Some") {
              const { facts } = yield* passing(read(sent.value.id))
              assert.include(["answered", "Unreachable"], endOf(facts), `commit ${n}`)
            }
            assert.strictEqual(
              (yield* passing(ask({ conversation, text: "again" }))).text,
              "re: again"
            )
            yield* isWhole(conversation)
          })
        ).pipe(Effect.provideService(Storage, failing))
      }
    })
  })
]
