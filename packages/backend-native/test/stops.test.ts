import { Conversations } from "@atrium/core/conversations/Conversations"
import type { TurnEvent } from "@atrium/core/turns/TurnEvent"
import { Turns } from "@atrium/core/turns/Turns"
import type { Line } from "@atrium/testing/ScriptedModel"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { app, as, asked, type Given, promptText, send, talk } from "./house.ts"

const turn = (script: ReadonlyArray<Line>, given: Given = {}) =>
  Effect.flatMap(talk(), (id) => send(id, "hello")).pipe(
    Effect.flatMap((events) => Effect.map(asked, (calls) => ({ events, calls }))),
    as("alice"),
    Effect.provide(app({ ...given, script }))
  )

const stopOf = (events: ReadonlyArray<TurnEvent>): string | undefined => {
  const end = events.at(-1)
  return end?._tag === "TurnFinished" ? end.stop : undefined
}

const stored = (events: ReadonlyArray<TurnEvent>) =>
  events.flatMap((event) => (event._tag === "MessageStored" ? event.message : []))

const search: Line = {
  text: "I look. ",
  calls: [{ name: "passage_search", params: { query: "ferry" } }]
}

it.effect("a loop that never ends stops at the ceiling, with what was said stored", () =>
  Effect.gen(function* () {
    const { calls, events } = yield* turn([search, search, search], { template: { maxSteps: 3 } })
    assert.strictEqual(stopOf(events), "max-steps")
    assert.lengthOf(calls, 3)
    assert.deepStrictEqual(
      stored(events).map(({ role }) => role),
      ["assistant", "tool", "assistant", "tool", "assistant", "tool"]
    )
  })
)

it.effect("the ceiling is ten unless the template says otherwise", () =>
  Effect.gen(function* () {
    const { calls, events } = yield* turn(Array(10).fill(search))
    assert.strictEqual(stopOf(events), "max-steps")
    assert.lengthOf(calls, 10)
  })
)

it.effect(
  "[008] [080] a turn that reaches its ceiling in silence is a typed NoAnswer to who asks",
  () =>
    Effect.gen(function* () {
      const conversation = yield* talk()
      const turns = yield* Turns
      const error = yield* Effect.flip(turns.ask({ conversation, text: "hello" }))
      assert.deepStrictEqual(error.reason, { _tag: "NoAnswer", stop: "max-steps" })
      const answer = yield* turns.ask({ conversation, text: "and now?" })
      assert.strictEqual(answer.text, "Here it is.")
    }).pipe(
      as("alice"),
      Effect.provide(
        app({
          template: { maxSteps: 2 },
          script: [
            { calls: [{ name: "passage_search", params: { query: "x" } }] },
            { calls: [{ name: "passage_search", params: { query: "x" } }] },
            { calls: [{ name: "passage_search", params: { query: "x" } }] },
            "Here it is."
          ]
        })
      )
    )
)

it.effect("a content filter ends the turn as refused; calls it cut are answered and not run", () =>
  Effect.gen(function* () {
    const plain = yield* turn([{ text: "I cannot", finish: "content-filter" }])
    assert.strictEqual(stopOf(plain.events), "refused")
    assert.lengthOf(stored(plain.events), 1)
    const block = { label: "notes", owner: "user", value: "empty" } as const
    const cut = yield* turn(
      [
        {
          calls: [{ name: "memory_rethink", params: { label: "notes", text: "full" } }],
          finish: "content-filter"
        }
      ],
      { template: { blocks: [block] } }
    )
    assert.strictEqual(stopOf(cut.events), "refused")
    assert.isFalse(cut.events.some(({ _tag }) => _tag === "BlockEdited"))
    assert.deepStrictEqual(
      stored(cut.events).map(({ role }) => role),
      ["assistant", "tool"]
    )
  })
)

it.effect("an answer cut at the model's length is kept; a call cut there is not run", () =>
  Effect.gen(function* () {
    const plain = yield* turn([{ text: "A long st", finish: "length" }])
    assert.strictEqual(stopOf(plain.events), "answered")
    assert.deepStrictEqual(stored(plain.events)[0]?.parts, [{ _tag: "Text", text: "A long st" }])
    const cut = yield* turn([
      { calls: [{ name: "passage_insert", params: { text: "half" } }], finish: "length" },
      "Done."
    ])
    assert.strictEqual(stopOf(cut.events), "answered")
    assert.include(
      cut.calls[1] === undefined ? "" : promptText(cut.calls[1]),
      "cut off and not run"
    )
  })
)

it.effect("a model that says nothing ends the turn without a message", () =>
  Effect.gen(function* () {
    const { calls, events } = yield* turn([""])
    assert.strictEqual(stopOf(events), "answered")
    assert.lengthOf(calls, 1)
    assert.deepStrictEqual(stored(events), [])
  })
)

it.effect("a tool that is not there is answered so, and the model goes on", () =>
  Effect.gen(function* () {
    const { calls, events } = yield* turn([
      {
        calls: [
          { name: "rm_rf", params: "/" },
          { name: "passage_search", params: [1] }
        ]
      },
      "Sorry."
    ])
    assert.strictEqual(stopOf(events), "answered")
    const prompt = calls[1] === undefined ? "" : promptText(calls[1])
    assert.include(prompt, `rm_rf#call_1_0 failed -> {"error":"There is no tool of this name."}`)
    assert.include(prompt, `passage_search#call_1_1 failed`)
  })
)

it.live(
  "[016] a cancel ends the model's call, keeps what it said, and the conversation answers",
  () =>
    Effect.gen(function* () {
      const conversation = yield* talk()
      const turns = yield* Turns
      const { id } = yield* turns.send({ conversation, text: "tell me" })
      yield* Stream.runDrain(Stream.takeUntil(turns.follow(id), ({ _tag }) => _tag === "TextDelta"))
      yield* Effect.timeout(turns.cancel(id), 1000)
      const events = yield* Stream.runCollect(turns.follow(id))
      assert.strictEqual(stopOf(events), "cancelled")
      const conversations = yield* Conversations
      const { items } = yield* conversations.messages(conversation, {})
      assert.strictEqual(items.at(-1)?.partial, true)
      const next = yield* Effect.forkChild(send(conversation, "and now?"))
      assert.strictEqual(stopOf(yield* Fiber.join(next)), "answered")
      const last = (yield* asked).at(-1)
      assert.include(last === undefined ? "" : promptText(last), "assistant: a lon\n")
    }).pipe(
      as("alice"),
      Effect.provide(app({ script: [{ text: "a long, long story", between: "1 hour" }, "Yes."] }))
    )
)
