/** Approvals under drivers that err, readers that stay, and sends that interrupt. */
import { Puppet } from "@atrium/conformance"
import { TurnId } from "@atrium/core/ids"
import { Storage } from "@atrium/core/storage/Storage"
import { Principal } from "@atrium/core/tenancy/Principal"
import { isFact } from "@atrium/core/turns/TurnEvent"
import { Turns } from "@atrium/core/turns/Turns"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import { as } from "../src/pipeline/House.ts"
import { begun, ofTools } from "../src/pipeline/Journal.ts"
import { death, life } from "../src/pipeline/Lives.ts"
import { endOf } from "../src/pipeline/Reading.ts"
import { ask, cancel, read, refusal, send, talk, told } from "../src/pipeline/Steps.ts"
import * as Toolbox from "../src/pipeline/Toolbox.ts"
import { passing, still } from "../src/pipeline/VirtualTime.ts"
import { decide, test } from "./pipeline/CallTest.ts"

const stateOf = (id: string) =>
  Effect.flatMap(Turns, (turns) => Effect.map(turns.find(TurnId(id)), ({ state }) => state))

/** Asks about one call in its first run. */
const asking: Puppet.Script = (turn) =>
  Puppet.heard(turn).startsWith("go")
    ? Puppet.callThenSay(turn, [Toolbox.call("c1", "ask_first")], "done")
    : Puppet.echo(turn)

for (const other of [
  { callId: "c1", name: "ask_first", input: { amount: 1_000_000 } },
  { callId: "c1", name: "pay", input: { amount: 1 } }
]) {
  test(
    `what a person approved is not another call of the same id: ${other.name}`,
    () => (turn) =>
      Puppet.callThenSay(
        turn,
        [turn.attempt === 0 ? { callId: "c1", name: "ask_first", input: { amount: 1 } } : other],
        "done"
      ),
    (box, opening) =>
      life(
        Effect.gen(function* () {
          const { id } = yield* begun()
          yield* decide(id, "c1", true)
          const { facts } = yield* passing(read(id))
          assert.deepStrictEqual(box.calls(), [])
          const end = facts[facts.length - 1]
          assert.strictEqual(end?._tag === "TurnFailed" ? end.reason._tag : end?._tag, "Malformed")
        }),
        opening
      )
  )
}

for (const [name, hang] of [
  ["hangs", Effect.never],
  ["hangs and cannot be interrupted", Effect.uninterruptible(Effect.never)]
] as const) {
  const script = (): Puppet.Script => (turn) =>
    turn.attempt > 0 || !Puppet.heard(turn).startsWith("go")
      ? Puppet.echo(turn)
      : Effect.andThen(
          turn.callTools([Toolbox.call("c1", "ask_first"), Toolbox.call("c2", "ask_first")], {
            foreign: false,
            draft: null
          }),
          hang
        )
  test(`a driver that ${name} after it asked holds up no decision`, script, (_box, opening) =>
    life(
      Effect.gen(function* () {
        const { conversation, id } = yield* begun()
        yield* passing(decide(id, "c1", true))
        yield* passing(decide(id, "c2", false))
        assert.strictEqual(endOf((yield* passing(read(id))).facts), "answered")
        assert.strictEqual((yield* passing(ask({ conversation, text: "next" }))).text, "re: next")
      }),
      opening
    )
  )
  test(`a driver that ${name} after it asked holds up no cancel`, script, (_box, opening) =>
    life(
      Effect.gen(function* () {
        const { conversation, id } = yield* begun()
        const reader = yield* Effect.forkChild(told(id))
        yield* still
        yield* passing(decide(id, "c1", true))
        yield* passing(cancel(id))
        const facts = (yield* passing(Fiber.join(reader))).filter(isFact)
        assert.deepStrictEqual(
          facts.map(({ sequence }) => sequence),
          facts.map((_, i) => i + 1)
        )
        assert.strictEqual(facts.at(-1)?._tag, "TurnFinished")
        assert.strictEqual((yield* passing(ask({ conversation, text: "next" }))).text, "re: next")
      }),
      opening
    )
  )
  test(`a driver that ${name} after it asked holds up no expiry`, script, (_box, opening) =>
    life(
      Effect.gen(function* () {
        const { id } = yield* begun()
        yield* TestClock.adjust(86_400_000 + 30_000)
        yield* still
        assert.strictEqual(yield* stateOf(id), "finished")
      }),
      opening
    )
  )
}

test(
  "a send that interrupts a waiting turn spares those that were queued behind it",
  () => (turn) => Effect.andThen(Effect.sleep(10), asking(turn)),
  (_box, opening) =>
    life(
      Effect.gen(function* () {
        const first = yield* begun("go")
        const { conversation } = first
        const one = yield* send({ conversation, text: "one" })
        const two = yield* send({ conversation, text: "two" })
        yield* TestClock.adjust(10)
        yield* still
        assert.strictEqual(yield* stateOf(first.id), "waiting")
        const last = yield* send({ conversation, text: "last", onBusy: "interrupt" })
        assert.strictEqual(endOf((yield* passing(read(first.id))).facts), "cancelled")
        for (const { id } of [one, two, last]) {
          assert.strictEqual(endOf((yield* passing(read(id))).facts), "answered")
        }
      }),
      opening
    )
)

test(
  "a refused send leaves a waiting turn as it was",
  () => asking,
  (_box, opening) =>
    life(
      Effect.gen(function* () {
        const { conversation, id } = yield* begun("go")
        const onBusy = "interrupt"
        assert.strictEqual(
          yield* refusal(send({ conversation, text: "a", onBusy, retryOf: TurnId("turn_none") })),
          "Rejected"
        )
        assert.strictEqual(yield* stateOf(id), "waiting")
        yield* send({ conversation: (yield* talk("other")).id, text: "one" })
        assert.strictEqual(yield* refusal(send({ conversation, text: "a", onBusy })), "RateLimited")
        assert.strictEqual(yield* stateOf(id), "waiting")
        yield* TestClock.adjust(60_000)
        yield* send({ conversation, text: "a", onBusy })
        assert.strictEqual(yield* stateOf(id), "finished")
      }),
      { ...opening, plan: { user: { turns: 2, windowMs: 60_000 } } }
    )
)

test(
  "nobody is asked about a call that may have run",
  (box) => {
    box.hold("c1")
    return (turn) =>
      Puppet.callThenSay(turn, [Toolbox.call("c1", "destroy")], "done", turn.attempt > 0)
  },
  (box, opening) =>
    Effect.gen(function* () {
      const { id } = yield* death(begun(), opening)
      yield* life(
        Effect.gen(function* () {
          const { facts } = yield* passing(read(id))
          assert.deepStrictEqual(ofTools(facts), ["started c1", "unknown c1", "results"])
          assert.deepStrictEqual(box.calls(), ["destroy c1"])
        }),
        opening
      )
    })
)

test(
  "who asks is told the calls that are still open",
  () => (turn) =>
    Puppet.callThenSay(
      turn,
      [Toolbox.call("c1", "ask_first"), Toolbox.call("c2", "ask_first")],
      "done"
    ),
  (_box, opening) =>
    life(
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        const input = { conversation, text: "go", id: "key" }
        const first = yield* passing(Effect.flip(ask(input)))
        assert.deepStrictEqual(first.reason, { _tag: "Waiting", calls: ["c1", "c2"] })
        const { id } = yield* send(input)
        yield* decide(id, "c1", true)
        const again = yield* passing(Effect.flip(ask(input)))
        assert.deepStrictEqual(again.reason, { _tag: "Waiting", calls: ["c2"] })
      }),
      opening
    )
)

test(
  "a process that shuts down takes up nothing: what it never ran has not died",
  () => asking,
  (_box, opening) =>
    Effect.gen(function* () {
      const { id, turns } = yield* life(
        Effect.gen(function* () {
          return { ...(yield* begun()), turns: yield* Turns }
        }),
        opening
      )
      const { stores } = yield* Storage
      const kept = as("ann")(
        Effect.flatMap(Principal, (caller) =>
          Effect.map(stores.turns.find(caller, id), Option.getOrThrow)
        )
      )
      const { attempt } = yield* kept
      yield* as("ann")(turns.decide(TurnId(id), "c1", true))
      const now = yield* kept
      assert.deepStrictEqual([now.waiting, now.attempt], [[], attempt])
      yield* life(
        Effect.gen(function* () {
          assert.strictEqual(endOf((yield* passing(read(id))).facts), "answered")
        }),
        opening
      )
    })
)
