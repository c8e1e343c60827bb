/** TRN-3: the same id again is answered from the first turn. */
import { TurnError } from "@atrium/core/errors"
import { TurnId } from "@atrium/core/ids"
import { Limits } from "@atrium/core/tenancy/Limits"
import { Turns } from "@atrium/core/turns/Turns"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { atOnce, jitter, range, seeded } from "../storage/Interleaving.ts"
import { gated } from "./Gates.ts"
import { as, inHouse } from "./House.ts"
import { type PipelineRule, timed } from "./PipelineRule.ts"
import * as Puppet from "./Puppet.ts"
import { endOf } from "./Reading.ts"
import { ask, read, refusal, send, talk, transcript, type Within } from "./Steps.ts"
import { passing, still } from "./VirtualTime.ts"

/** A rule with a puppet of its own, as ann. */
const withPuppet = (
  given: Omit<PipelineRule, "check">,
  make: () => Puppet.Puppet,
  steps: (puppet: Puppet.Puppet) => Effect.Effect<void, unknown, Within>,
  plan = {}
): PipelineRule =>
  timed({
    ...given,
    check: Effect.suspend(() => {
      const puppet = make()
      return inHouse(as("ann")(steps(puppet)), { backend: puppet.driver, plan })
    })
  })

const answering = () => Puppet.make()
const failing = () =>
  Puppet.make((turn) =>
    Effect.gen(function* () {
      yield* turn.commit([Puppet.called(3)])
      return yield* TurnError.because({ _tag: "ContextTooLong" })
    })
  )

export const replay: ReadonlyArray<PipelineRule> = [
  withPuppet(
    {
      id: "TRN-3a",
      sentence: "the same id and text again is the same turn with the same facts; nothing runs"
    },
    answering,
    ({ runs }) =>
      Effect.gen(function* () {
        const turns = yield* Turns
        const limits = yield* Limits
        const { id: conversation } = yield* talk()
        const input = { conversation, text: "hello", id: "key" }
        const first = yield* send(input)
        const live = (yield* passing(read(first.id))).facts
        const left = yield* limits.left
        for (const _ of range(3)) {
          assert.strictEqual((yield* send(input)).id, first.id)
          assert.strictEqual((yield* ask(input)).text, "re: hello")
          assert.deepStrictEqual([...(yield* Stream.runCollect(turns.stream(input)))], live)
        }
        assert.deepStrictEqual(yield* limits.left, left)
        assert.lengthOf(runs, 1)
        assert.lengthOf(yield* transcript(conversation), 2)
      })
  ),
  withPuppet(
    { id: "TRN-3b", sentence: "a failed turn is replayed as it failed, and costs nothing again" },
    failing,
    ({ runs }) =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        const input = { conversation, text: "hello", id: "key" }
        const failure = () => Effect.flip(ask(input))
        const first = yield* passing(failure())
        const again = yield* failure()
        assert.strictEqual(first.reason._tag, "ContextTooLong")
        assert.deepStrictEqual([again.reason, again.message], [first.reason, first.message])
        assert.lengthOf(runs, 1)
        const retryOf = (yield* send(input)).id
        const retry = yield* send({ conversation, text: "hello", id: "key 2", retryOf })
        assert.notStrictEqual(retry.id, retryOf)
        assert.deepStrictEqual(retry.retryOf, Option.some(retryOf))
        yield* passing(read(retry.id))
        assert.lengthOf(runs, 2)
      })
  ),
  withPuppet(
    {
      id: "TRN-3c",
      sentence: "the same id with other content is a Conflict that leaves no trace"
    },
    answering,
    ({ runs }) =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        yield* passing(ask({ conversation, text: "hello", id: "key" }))
        const other = { conversation, text: "hello!", id: "key" }
        assert.strictEqual(yield* refusal(send(other)), "Conflict")
        const retried = { conversation, text: "hello", id: "key", retryOf: TurnId("turn_other") }
        assert.notStrictEqual(yield* refusal(send(retried)), "no refusal")
        assert.lengthOf(runs, 1)
        assert.lengthOf(yield* transcript(conversation), 2)
      })
  ),
  withPuppet(
    {
      id: "TRN-3d",
      sentence: "a key answers Gone once its time after the end is over, and never runs anew"
    },
    answering,
    ({ runs }) =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        const input = { conversation, text: "hello", id: "key" }
        yield* passing(ask(input), 0)
        yield* TestClock.adjust(999)
        assert.strictEqual(yield* refusal(send(input)), "no refusal")
        yield* TestClock.adjust(1)
        assert.strictEqual(yield* refusal(send(input)), "Gone")
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(yield* refusal(ask(input)), "Gone")
        assert.lengthOf(runs, 1)
      }),
    { replayMs: 1000 }
  ),
  withPuppet(
    {
      id: "TRN-3e",
      sentence: "20 sends at once with one id are one turn and one run, also while it runs"
    },
    gated,
    ({ runs }) =>
      seeded(
        Effect.gen(function* () {
          const before = runs.length
          const { id: conversation } = yield* talk()
          const key = `key ${before}`
          const input = { conversation, text: key, id: key }
          const sent = yield* passing(
            atOnce(range(20).map(() => Effect.andThen(jitter, send(input)))),
            5
          )
          assert.lengthOf([...new Set(sent.map(({ id }) => id))], 1)
          yield* still
          assert.strictEqual(runs.length, before + 1)
          const turns = yield* Turns
          yield* turns.cancel(sent[0]?.id ?? TurnId(""))
          assert.strictEqual(endOf((yield* read(sent[0]?.id ?? TurnId(""))).facts), "cancelled")
        }),
        10
      )
  ),
  withPuppet(
    {
      id: "TRN-3f",
      rows: ["023"],
      sentence: "a repeat is answered where a new turn is over the limit"
    },
    answering,
    () =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        const input = { conversation, text: "hello", id: "key" }
        yield* passing(ask(input))
        assert.strictEqual(yield* refusal(send({ ...input, id: "new" })), "RateLimited")
        assert.strictEqual((yield* ask(input)).text, "re: hello")
      }),
    { user: { turns: 1, windowMs: 3_600_000 } }
  ),
  withPuppet(
    {
      id: "TRN-3g",
      sentence: "a key is a conversation's: in another one, or of another user, it is another turn"
    },
    answering,
    ({ runs }) =>
      Effect.gen(function* () {
        const here = yield* talk("here")
        const there = yield* talk("there")
        const of = (conversation: typeof here.id) => ask({ conversation, text: "hello", id: "key" })
        yield* passing(of(here.id))
        yield* passing(of(there.id))
        yield* Effect.flatMap(talk("here"), ({ id }) => passing(of(id))).pipe(as("bob"))
        assert.lengthOf(runs, 3)
      })
  )
]
