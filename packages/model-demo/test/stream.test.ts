/** Streaming, labels, usage, and what stays the same. */
import { assert, describe, it } from "@effect/vitest"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { DemoModel } from "../src/index.ts"
import { ask, memory, none, promptOf, searching, stream, turn, user } from "./asked.ts"

const prompts = [
  promptOf(user("Hello!")),
  promptOf(user("What's my name?")),
  promptOf(memory("Name: Alice\nLikes tea"), user("What do you know about me?")),
  promptOf(user("How long may I return boots?")),
  promptOf(memory(""), user("My name is Alice. I prefer tea. What does delivery cost?")),
  promptOf(user(""))
]

describe("the demonstration model", () => {
  it.effect("says that it is no AI at the end of every reply, and once", () =>
    Effect.gen(function* () {
      for (const prompt of prompts) {
        const { text } = yield* turn(prompt, { passage_search: [] })
        assert.isTrue(text.endsWith(`\n\n${DemoModel.label}`), text)
        assert.strictEqual(text.split(DemoModel.label).length, 2)
      }
    })
  )

  it.effect("streams in words what it says whole, with the same calls", () =>
    Effect.gen(function* () {
      for (const toolkit of [none, searching]) {
        for (const prompt of prompts) {
          const whole = yield* ask(prompt, toolkit)
          const streamed = yield* stream(prompt, toolkit)
          assert.strictEqual(streamed.words.join(""), whole.text)
          assert.deepStrictEqual(streamed.calls, whole.calls)
          for (const word of streamed.words) assert.match(word, /^\S+\s*$/)
        }
      }
    })
  )

  it.effect("answers the same prompt the same, its ids too", () =>
    Effect.gen(function* () {
      const model = yield* DemoModel.make({ wordDelay: 0 })
      for (const prompt of prompts) {
        const options = {
          prompt,
          toolkit: searching,
          disableToolCallResolution: true,
          toolCallValidation: "deferred"
        } as const
        const [one, other] = [
          yield* model.generateText(options),
          yield* model.generateText(options)
        ]
        assert.deepStrictEqual(one.content, other.content)
      }
    })
  )

  it.effect("names itself, and estimates a usage that grows with the prompt", () =>
    Effect.gen(function* () {
      const model = yield* DemoModel.make()
      const { content } = yield* model.generateText({ prompt: "Hello!" })
      const named = content.flatMap((part) =>
        part.type === "response-metadata" ? [part.modelId] : []
      )
      assert.deepStrictEqual(named, [DemoModel.handle])
      const small = yield* ask(promptOf(user("Hello!")))
      const large = yield* ask(promptOf(user("Once upon a time."), user("Hello!")))
      assert.isAbove(small.output, 5)
      assert.isBelow(small.output, 40)
      assert.isAbove(large.input, small.input)
    })
  )

  it.effect("waits before each word, and stops where it is interrupted", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const listen = LanguageModel.streamText({ prompt: "Hello!" }).pipe(
        Stream.runForEach((part) =>
          Effect.sync(() => {
            if (part.type === "text-delta") heard.push(part.delta)
          })
        ),
        Effect.provide(DemoModel.layer())
      )
      const fiber = yield* Effect.forkChild(listen)
      yield* TestClock.adjust("14 millis")
      assert.deepStrictEqual(heard, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(heard, ["Hello. "])
      yield* TestClock.adjust("30 millis")
      assert.deepStrictEqual(heard, ["Hello. ", "What ", "would "])
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(heard.length, 3)
    })
  )

  it.effect("waits as long as it is told to", () =>
    Effect.gen(function* () {
      const fiber = yield* LanguageModel.streamText({ prompt: "thanks" }).pipe(
        Stream.runCollect,
        Effect.provide(DemoModel.layer({ wordDelay: "1 second" })),
        Effect.forkChild
      )
      // "You are welcome." and the label are 3 + 4 words.
      yield* TestClock.adjust("6999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.isDefined(fiber.pollUnsafe())
    })
  )

  it.effect("refuses structured output, which it cannot give", () =>
    Effect.gen(function* () {
      const error = yield* LanguageModel.generateObject({
        prompt: "Hello!",
        schema: Schema.Struct({ name: Schema.String })
      }).pipe(Effect.provide(DemoModel.layer()), Effect.flip)
      assert.strictEqual(error._tag === "AiError" && error.reason._tag, "UnsupportedSchemaError")
    })
  )
})
