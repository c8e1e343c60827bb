/** TRN-11: what a person has to approve runs only then; until then the turn waits, and holds nothing. */
import { textOf } from "@atrium/core/conversations/Message"
import { TurnId } from "@atrium/core/ids"
import { Turns } from "@atrium/core/turns/Turns"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { atOnce } from "../storage/Interleaving.ts"
import { as } from "./House.ts"
import { begun, ofTools } from "./Journal.ts"
import { life } from "./Lives.ts"
import { type PipelineRule, timed } from "./PipelineRule.ts"
import * as Puppet from "./Puppet.ts"
import { endOf } from "./Reading.ts"
import { ask, cancel, read, refusal, send, told, transcript, type Within } from "./Steps.ts"
import * as Toolbox from "./Toolbox.ts"
import { passing, still } from "./VirtualTime.ts"

const day = 86_400_000

const decide = (id: string, callId: string, approved: boolean) =>
  Effect.flatMap(Turns, (turns) => turns.decide(TurnId(id), callId, approved))

const stateOf = (id: string) =>
  Effect.flatMap(Turns, (turns) => Effect.map(turns.find(TurnId(id)), ({ state }) => state))

/** An agent that first asks for two calls, of which one needs approval; it says the text it heard. */
const asking: Puppet.Script = (turn) =>
  Puppet.heard(turn).startsWith("go")
    ? Puppet.callThenSay(
        turn,
        [Toolbox.call("c1", "look"), Toolbox.call("c2", "ask_first")],
        `did ${Puppet.heard(turn)}`
      )
    : Puppet.echo(turn)

/** A rule whose lives share a puppet and its tools. */
const rule = (
  id: string,
  sentence: string,
  check: (
    box: ReturnType<typeof Toolbox.make>,
    lived: <A>(steps: Effect.Effect<A, unknown, Within>) => Effect.Effect<A, unknown, Lived>,
    puppet: Puppet.Puppet
  ) => Effect.Effect<void, unknown, Lived>,
  script: Puppet.Script = asking
): PipelineRule =>
  timed({
    id,
    sentence,
    check: Effect.suspend(() => {
      const box = Toolbox.make()
      const puppet = Puppet.make(script)
      const opening = { backend: puppet.driver, agents: Toolbox.withTools }
      return check(box, (steps) => box.provide(life(steps, opening)), puppet)
    })
  })

type Lived = Effect.Services<PipelineRule["check"]>

export const approvals: ReadonlyArray<PipelineRule> = [
  rule(
    "TRN-11a",
    "nothing of a step runs before a person has approved; the decision outlives processes",
    (box, lived, { runs }) =>
      Effect.gen(function* () {
        const { conversation, id } = yield* lived(
          Effect.gen(function* () {
            const { conversation, id } = yield* begun()
            const events = yield* passing(told(id))
            const last = events[events.length - 1]
            assert.strictEqual(last?._tag, "ApprovalRequested")
            assert.strictEqual(yield* stateOf(id), "waiting")
            assert.deepStrictEqual(box.calls(), [])
            assert.strictEqual(yield* refusal(ask({ conversation, text: "next" })), "Waiting")
            assert.strictEqual(
              yield* refusal(send({ conversation, text: "next", onBusy: "reject" })),
              "Busy"
            )
            return { conversation, id }
          })
        )
        yield* lived(still)
        yield* lived(
          Effect.gen(function* () {
            yield* still
            assert.lengthOf(runs, 1)
            yield* decide(id, "c2", true)
            const { facts } = yield* passing(read(id))
            assert.strictEqual(endOf(facts), "answered")
            assert.deepStrictEqual(box.calls(), ["look c1", "ask_first c2"])
            const resolved = facts.find(({ _tag }) => _tag === "ApprovalResolved")
            assert.include(resolved, { callId: "c2", approved: true, by: "ann" })
            assert.deepStrictEqual((yield* transcript(conversation)).map(textOf).slice(-1), [
              "did go"
            ])
            assert.lengthOf(runs, 2)
          })
        )
      })
  ),
  rule("TRN-11b", "what a person denies is not run, and the model is told", (box, lived) =>
    lived(
      Effect.gen(function* () {
        const { id } = yield* begun()
        yield* decide(id, "c2", false)
        const { facts } = yield* passing(read(id))
        assert.deepStrictEqual(ofTools(facts), ["started c1", "done c1", "denied c2", "results"])
        assert.deepStrictEqual(box.calls(), ["look c1"])
        assert.strictEqual(endOf(facts), "answered")
      })
    )
  ),
  rule(
    "TRN-11c",
    "a request for approval expires after a day as denied; a later decision is Gone",
    (box, lived) =>
      lived(
        Effect.gen(function* () {
          const { conversation, id } = yield* begun()
          yield* TestClock.adjust(day - 60_000)
          yield* still
          assert.strictEqual(yield* stateOf(id), "waiting")
          yield* TestClock.adjust(60_000)
          assert.include(["Gone", "Conflict"], yield* refusal(decide(id, "c2", true)))
          const { text } = yield* passing(ask({ conversation, text: "next" }))
          assert.strictEqual(text, "re: next")
          const { facts } = yield* passing(read(id))
          assert.deepStrictEqual(box.calls(), ["look c1"])
          assert.include(
            facts.find(({ _tag }) => _tag === "ApprovalResolved"),
            { approved: false, by: "expiry" }
          )
        })
      )
  ),
  rule(
    "TRN-11d",
    "of decisions at once one counts; strangers and unknown calls find nothing",
    (box, lived) =>
      lived(
        Effect.gen(function* () {
          const { id } = yield* begun()
          assert.strictEqual(yield* refusal(decide(id, "c1", true)), "NotFound")
          assert.strictEqual(yield* refusal(decide(id, "none", true)), "NotFound")
          assert.strictEqual(yield* refusal(decide("turn_none", "c2", true)), "NotFound")
          for (const stranger of [as("bob"), as("ann", "globex")]) {
            assert.strictEqual(yield* stranger(refusal(decide(id, "c2", true))), "NotFound")
          }
          assert.deepStrictEqual(box.calls(), [])
          // A storage may wait for time before it repeats a transaction that lost.
          const answers = yield* passing(
            atOnce(
              [true, false, true, false].map((approved) => refusal(decide(id, "c2", approved)))
            )
          )
          assert.deepStrictEqual(answers.toSorted(), [
            "Conflict",
            "Conflict",
            "Conflict",
            "no refusal"
          ])
          assert.isTrue((yield* passing(read(id))).ended)
          assert.strictEqual(yield* refusal(decide(id, "c2", true)), "Conflict")
        })
      )
  ),
  rule(
    "TRN-11e",
    "a waiting turn is ended by a cancel or by what interrupts it, and the talk goes on",
    (box, lived) =>
      lived(
        Effect.gen(function* () {
          const first = yield* begun("go 1")
          const { conversation } = first
          const second = yield* send({ conversation, text: "go 2", onBusy: "interrupt" })
          assert.strictEqual(endOf((yield* passing(read(first.id))).facts), "cancelled")
          yield* still
          assert.strictEqual(yield* stateOf(second.id), "waiting")
          yield* cancel(second.id)
          assert.strictEqual(endOf((yield* passing(read(second.id))).facts), "cancelled")
          assert.strictEqual((yield* passing(ask({ conversation, text: "next" }))).text, "re: next")
          assert.deepStrictEqual(box.calls(), [])
        })
      )
  ),
  rule(
    "TRN-11f",
    "turns that were queued before the first one waited run when it is decided, in their order",
    (_box, lived, { runs }) =>
      lived(
        Effect.gen(function* () {
          const first = yield* begun("go")
          const { conversation } = first
          const behind = yield* Effect.forEach(["one", "two"], (text) =>
            send({ conversation, text })
          )
          yield* TestClock.adjust(10)
          yield* still
          assert.strictEqual(yield* stateOf(first.id), "waiting")
          assert.deepStrictEqual(yield* Effect.forEach(behind, ({ id }) => stateOf(id)), [
            "queued",
            "queued"
          ])
          yield* decide(first.id, "c2", true)
          for (const { id } of behind) {
            assert.strictEqual(endOf((yield* passing(read(id))).facts), "answered")
          }
          assert.deepStrictEqual(runs.map(Puppet.heard), ["go", "go", "one", "two"])
        })
      ),
    (turn) => Effect.andThen(Effect.sleep(turn.attempt === 0 ? 10 : 0), asking(turn))
  ),
  rule(
    "TRN-11g",
    "what may destroy asks once something foreign was read, and not before",
    (box, lived) =>
      lived(
        Effect.gen(function* () {
          const own = yield* begun("own")
          assert.strictEqual(endOf((yield* passing(read(own.id))).facts), "answered")
          assert.deepStrictEqual(box.calls(), ["destroy c1"])
          const foreign = yield* begun("foreign")
          assert.strictEqual(yield* stateOf(foreign.id), "waiting")
          assert.deepStrictEqual(box.calls(), ["destroy c1"])
        })
      ),
    (turn) =>
      Puppet.callThenSay(
        turn,
        [Toolbox.call("c1", "destroy")],
        "done",
        Puppet.heard(turn) === "foreign"
      )
  ),
  timed({
    id: "TRN-11h",
    sentence:
      "a turn that waits holds no lease: decided in another process, it goes on there at once",
    applies: ({ processes }) => processes,
    check: Effect.suspend(() => {
      const box = Toolbox.make()
      const [one, other] = [Puppet.make(asking), Puppet.make(asking)]
      const open = { agents: Toolbox.withTools }
      const elsewhere = (id: string) =>
        life(
          Effect.gen(function* () {
            yield* decide(id, "c2", true)
            yield* still
            assert.strictEqual(yield* stateOf(id), "finished")
          }),
          { ...open, backend: other.driver }
        )
      return box
        .provide(
          life(
            Effect.flatMap(begun(), ({ id }) => elsewhere(id)),
            { ...open, backend: one.driver }
          )
        )
        .pipe(
          Effect.tap(
            Effect.sync(() => {
              assert.deepStrictEqual([one.runs.length, other.runs.length], [1, 1])
            })
          )
        )
    })
  })
]
