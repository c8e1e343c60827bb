import { assert, describe, it } from "@effect/vitest"
import * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as ScriptedModel from "../src/ScriptedModel.ts"

const Find = Tool.make("find", {
  parameters: Schema.Struct({ number: Schema.Int }),
  success: Schema.String
})
const toolkit = Toolkit.make(Find)
const handlers = toolkit.toLayer({ find: ({ number }) => Effect.succeed(`order ${number}`) })

const ask = (prompt: string) =>
  Effect.map(LanguageModel.generateText({ prompt }), ({ text }) => text)
const stream = (prompt: string) =>
  Effect.map(Stream.runCollect(LanguageModel.streamText({ prompt })), (parts) =>
    parts.flatMap((part) => (part.type === "text-delta" ? part.delta : []))
  )

const defectOf = <A, E>(exit: Exit.Exit<A, E>): string =>
  Exit.isFailure(exit) && Cause.hasDies(exit.cause) ? String(Cause.squash(exit.cause)) : "none"

describe("ScriptedModel", () => {
  it.effect("answers in order, whole and streamed, and remembers what it was asked", () =>
    Effect.gen(function* () {
      const { asked, left } = yield* ScriptedModel.ScriptedModel
      assert.strictEqual(yield* ask("one"), "first 🙂")
      assert.strictEqual(left(), 2)
      const deltas = yield* stream("two")
      assert.isAbove(deltas.length, 1)
      assert.strictEqual(deltas.join(""), "second 🙂🙂🙂")
      assert.strictEqual(yield* ask("three"), "")
      assert.deepStrictEqual(
        asked().map(({ prompt, streamed }) => [prompt, streamed]),
        [
          [Prompt.make("one"), false],
          [Prompt.make("two"), true],
          [Prompt.make("three"), false]
        ]
      )
    }).pipe(Effect.provide(ScriptedModel.layer("first 🙂", "second 🙂🙂🙂", "")))
  )

  it.effect("calls tools, with ids that differ, and says what it was offered", () =>
    Effect.gen(function* () {
      const { asked } = yield* ScriptedModel.ScriptedModel
      const options = { prompt: "?", toolkit: yield* toolkit }
      const { finishReason, toolCalls, toolResults } = yield* LanguageModel.generateText(options)
      assert.strictEqual(finishReason, "tool-calls")
      assert.strictEqual(new Set(toolCalls.map(({ id }) => id)).size, 2)
      assert.sameMembers(
        toolResults.map(({ result }) => result),
        ["order 1", "order 2"]
      )
      const parts = yield* Stream.runCollect(
        LanguageModel.streamText({ ...options, disableToolCallResolution: true })
      )
      assert.deepInclude(
        parts.find((part) => part.type === "tool-call"),
        { id: "mine", name: "find", params: { number: 3 } }
      )
      assert.deepStrictEqual(asked()[0]?.tools, ["find"])
    }).pipe(
      Effect.provide([
        handlers,
        ScriptedModel.layer(
          {
            text: "I look.",
            calls: [
              { name: "find", params: { number: 1 } },
              { name: "find", params: { number: 2 } }
            ]
          },
          { calls: [{ id: "mine", name: "find", params: { number: 3 } }] }
        )
      ])
    )
  )

  it.effect("fails as told: at once, or after the text of a stream", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(ask("one"))
      assert.strictEqual(error.reason._tag, "RateLimitError")
      const heard: Array<string> = []
      const late = yield* LanguageModel.streamText({ prompt: "two" }).pipe(
        Stream.runForEach((part) => Effect.sync(() => heard.push(part.type))),
        Effect.flip
      )
      assert.strictEqual(late.reason._tag, "RateLimitError")
      assert.includeMembers(heard, ["text-delta"])
      assert.notInclude(heard, "finish")
    }).pipe(
      Effect.provide(
        ScriptedModel.layer(
          { fails: new AiError.RateLimitError({}) },
          { text: "half of", fails: new AiError.RateLimitError({}) }
        )
      )
    )
  )

  it.effect("thinks by the test's clock", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(ask("one"))
      yield* TestClock.adjust("59 minutes")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(fiber), "late")
      const streaming = yield* Effect.forkChild(stream("two"))
      yield* TestClock.adjust("2 minutes")
      assert.isUndefined(streaming.pollUnsafe())
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(streaming)).join(""), "1234")
    }).pipe(
      Effect.provide(
        ScriptedModel.layer(
          { text: "late", after: "1 hour" },
          { text: "1234", between: "1 minute" }
        )
      )
    )
  )

  it.effect("dies where its script was not used up", () =>
    Effect.gen(function* () {
      const one = ask("one").pipe(Effect.provide(ScriptedModel.layer("a", "b", "c")), Effect.exit)
      assert.include(defectOf(yield* one), "asked 1 times; its script has 2 answers more")
    })
  )

  it.effect("dies where it is asked beyond its script, also if nobody looks", () =>
    Effect.gen(function* () {
      const twice = Effect.andThen(ask("one"), ask("two"))
      const scripted = Effect.provide(ScriptedModel.layer("a"))
      assert.include(defectOf(yield* Effect.exit(scripted(twice))), "has 1 answers")
      const hushed = scripted(Effect.catchDefect(twice, () => Effect.void))
      assert.include(defectOf(yield* Effect.exit(hushed)), "1 times more")
    })
  )

  it.effect("leaves a test's own failure alone, and takes more lines on the way", () =>
    Effect.gen(function* () {
      const fails = Effect.fail("mine").pipe(Effect.provide(ScriptedModel.layer("a")), Effect.exit)
      assert.deepStrictEqual(yield* fails, Exit.fail("mine"))
      const more = Effect.gen(function* () {
        const { add } = yield* ScriptedModel.ScriptedModel
        add("x", { text: "y" })
        return [yield* ask("1"), yield* ask("2")]
      }).pipe(Effect.provide(ScriptedModel.layer()))
      assert.deepStrictEqual(yield* more, ["x", "y"])
    })
  )
})
