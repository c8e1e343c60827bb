/** TRN-7: what a process that stops leaves of its tools: intents, outcomes, drafts. */
import { TurnId } from "@atrium/core/ids"
import { Storage } from "@atrium/core/storage/Storage"
import { Principal } from "@atrium/core/tenancy/Principal"
import type { TurnFact } from "@atrium/core/turns/TurnFact"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { as } from "./House.ts"
import { death, life } from "./Lives.ts"
import { type PipelineRule, timed } from "./PipelineRule.ts"
import * as Puppet from "./Puppet.ts"
import { endOf } from "./Reading.ts"
import { cancel, read, send, talk, transcript } from "./Steps.ts"
import * as Toolbox from "./Toolbox.ts"
import { passing, still } from "./VirtualTime.ts"

/** What the facts say of tools, in words. */
export const ofTools = (facts: ReadonlyArray<TurnFact>): ReadonlyArray<string> =>
  facts.flatMap((fact) => {
    if (fact._tag === "ToolStarted") return `started ${fact.callId}`
    if (fact._tag === "ToolFinished") return `${fact.outcome} ${fact.callId}`
    if (fact._tag === "MessageStored" && fact.message.role === "tool") return "results"
    return []
  })

/** The outcomes that the transcript holds, and that every call in it has its result. */
const resultsIn = Effect.fnUntraced(function* (conversation: string) {
  const parts = (yield* transcript(conversation)).flatMap((message) => message.parts)
  const called = parts.flatMap((part) => (part._tag === "ToolCall" ? part.callId : []))
  const answered = parts.flatMap((part) => (part._tag === "ToolResult" ? part.callId : []))
  assert.deepStrictEqual(answered, called)
  return answered
})

export const begun = (text = "go") =>
  Effect.gen(function* () {
    const { id: conversation } = yield* talk()
    const { id } = yield* send({ conversation, text })
    yield* still
    return { conversation, id }
  })

const agents = Toolbox.withTools

export const journal: ReadonlyArray<PipelineRule> = [
  timed({
    id: "TRN-7f",
    sentence: "before a tool with effects runs its intent is stored; results come with their calls",
    check: Effect.gen(function* () {
      const box = Toolbox.make()
      const calls = [
        Toolbox.call("c1", "pay"),
        Toolbox.call("c2", "look"),
        Toolbox.call("c3", "none_such")
      ]
      box.hold("c1")
      const { driver } = Puppet.make((turn) => Puppet.callThenSay(turn, calls, "done"))
      yield* life(
        Effect.gen(function* () {
          const { conversation, id } = yield* begun()
          const { stores } = yield* Storage
          const scope = yield* Principal
          const stored = Effect.gen(function* () {
            const turn = Option.getOrThrow(yield* stores.turns.find(scope, id))
            return (yield* stores.turns.facts(scope, turn, 2)).map(({ _tag }) => _tag)
          })
          assert.deepStrictEqual(yield* stored, ["ToolStarted"])
          assert.deepStrictEqual(yield* resultsIn(conversation), [])
          yield* box.open("c1")
          const { facts } = yield* passing(read(id))
          assert.deepStrictEqual(ofTools(facts), [
            "started c1",
            "done c1",
            "started c2",
            "done c2",
            "started c3",
            "failed c3",
            "results"
          ])
          assert.deepStrictEqual(yield* resultsIn(conversation), ["c1", "c2", "c3"])
          assert.deepStrictEqual(box.calls(), ["look c2", "pay c1"])
        }),
        { backend: driver, agents }
      ).pipe(box.provide)
    })
  }),
  timed({
    id: "TRN-7g",
    sentence: "after a crash a tool runs again, by its id, or not at all, as its retry says",
    check: Effect.gen(function* () {
      const box = Toolbox.make()
      const calls = [
        Toolbox.call("c1", "look"),
        Toolbox.call("c2", "book"),
        Toolbox.call("c3", "pay"),
        Toolbox.call("c4", "pay")
      ]
      box.hold("c3")
      const drafts: Array<unknown> = []
      const { driver } = Puppet.make((turn) => {
        drafts.push(Option.getOrNull(turn.draft))
        return Puppet.callThenSay(turn, calls, "done")
      })
      const { conversation, id } = yield* death(begun(), { backend: driver, agents }).pipe(
        box.provide
      )
      assert.deepStrictEqual(box.calls(), ["look c1", "book c2", "pay c3"])
      yield* life(
        Effect.gen(function* () {
          const { facts } = yield* passing(read(id))
          assert.strictEqual(endOf(facts), "answered")
          assert.deepStrictEqual(ofTools(facts), [
            "started c2",
            "started c3",
            "started c4",
            "started c1",
            "done c1",
            "done c2",
            "unknown c3",
            "unknown c4",
            "results"
          ])
          assert.deepStrictEqual(yield* resultsIn(conversation), ["c1", "c2", "c3", "c4"])
        }),
        { backend: driver, agents }
      ).pipe(box.provide)
      assert.deepStrictEqual(box.calls().slice(3), ["look c1", "book c2"])
      assert.deepStrictEqual(drafts, [null, { calls: 4 }])
    })
  }),
  timed({
    id: "TRN-7h",
    sentence: "an orderly shutdown is no crash: a turn outlives any number of them",
    check: Effect.gen(function* () {
      const gates = Toolbox.make()
      gates.hold("c1")
      const { driver, runs } = Puppet.make((turn) =>
        Puppet.callThenSay(turn, [Toolbox.call("c1", "look")], "done")
      )
      const opening = { backend: driver, agents }
      const { id } = yield* life(begun(), opening).pipe(gates.provide)
      for (let n = 0; n < 5; n++) yield* life(still, opening).pipe(gates.provide)
      yield* gates.open("c1")
      yield* life(
        Effect.gen(function* () {
          assert.strictEqual(endOf((yield* passing(read(TurnId(id)))).facts), "answered")
        }),
        opening
      ).pipe(gates.provide)
      assert.lengthOf(runs, 7)
      assert.strictEqual(new Set(runs.map(({ attempt }) => attempt)).size, 7)
    })
  }),
  timed({
    id: "TRN-7i",
    sentence:
      "a turn that is cancelled while a tool with effects runs keeps the call, and says that nobody knows",
    check: Effect.gen(function* () {
      const box = Toolbox.make()
      box.hold("c1")
      const { driver } = Puppet.make((turn) =>
        Puppet.callThenSay(turn, [Toolbox.call("c1", "pay")], "done")
      )
      yield* life(
        Effect.gen(function* () {
          const { conversation, id } = yield* begun()
          yield* cancel(id)
          const { facts } = yield* passing(read(id))
          assert.deepStrictEqual(ofTools(facts), ["started c1", "unknown c1", "results"])
          assert.strictEqual(endOf(facts), "cancelled")
          assert.deepStrictEqual(yield* resultsIn(conversation), ["c1"])
        }),
        { backend: driver, agents }
      ).pipe(box.provide)
    })
  }),
  timed({
    id: "TRN-7j",
    sentence:
      "a turn that is cancelled keeps what its tools have done, though its step is not over",
    check: Effect.gen(function* () {
      const box = Toolbox.make()
      const calls = [
        Toolbox.call("c1", "pay"),
        Toolbox.call("c2", "pay"),
        Toolbox.call("c3", "look")
      ]
      box.hold("c2")
      const { driver } = Puppet.make((turn) => Puppet.callThenSay(turn, calls, "done"))
      yield* life(
        Effect.gen(function* () {
          const { conversation, id } = yield* begun()
          yield* cancel(id)
          const { facts } = yield* passing(read(id))
          assert.deepStrictEqual(ofTools(facts), [
            "started c1",
            "started c2",
            "done c1",
            "unknown c2",
            "results"
          ])
          // What only reads was no deed: nobody need know of it.
          assert.deepStrictEqual(yield* resultsIn(conversation), ["c1", "c2"])
          const parts = (yield* transcript(conversation)).flatMap((message) => message.parts)
          const kept = parts.flatMap((part) =>
            part._tag === "ToolCall"
              ? { [part.name]: part.input }
              : part._tag === "ToolResult"
                ? part.failed
                : []
          )
          assert.deepStrictEqual(kept, [
            ...calls.slice(0, 2).map(({ input, name }) => ({ [name]: input })),
            false,
            true
          ])
        }),
        { backend: driver, agents }
      ).pipe(box.provide)
    })
  }),
  timed({
    id: "TEN-7",
    sentence: "a tool runs as the turn's caller, with what both caller and agent may do",
    check: Effect.gen(function* () {
      const box = Toolbox.make()
      const { driver } = Puppet.make((turn) =>
        Puppet.callThenSay(turn, [Toolbox.call("c1", "look")], "done")
      )
      const steps = Effect.flatMap(begun(), ({ id }) => passing(read(id)))
      yield* life(as("ann", "acme", ["memory", "operator", "turns"])(steps), {
        backend: driver,
        agents
      }).pipe(box.provide)
      assert.deepStrictEqual(box.made, [
        { callId: "c1", name: "look", user: "ann", scopes: ["turns"] }
      ])
    })
  })
]
