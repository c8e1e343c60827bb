import { reasonOf } from "@atrium/core/backend/ReasonOf"
import type * as FakeModel from "@atrium/testing/FakeModel"
import { assert, describe, it } from "@effect/vitest"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { house, ways } from "./house.ts"

const [[, whole], [, streamed]] = ways

const says = (
  more: Omit<Extract<FakeModel.Script, { _tag: "Says" }>, "_tag">
): FakeModel.Script => ({
  _tag: "Says",
  ...more
})

const Body = Schema.Struct({
  model: Schema.String,
  stream: Schema.Boolean,
  messages: Schema.Array(Schema.Record(Schema.String, Schema.Unknown)),
  tools: Schema.optionalKey(Schema.Array(Schema.Unknown)),
  response_format: Schema.optionalKey(Schema.Unknown),
  temperature: Schema.optionalKey(Schema.Unknown)
})
const bodyOf = (server: FakeModel.FakeModel["Service"], at = -1) =>
  Schema.decodeUnknownEffect(Body)(server.requests().at(at)?.body)

describe("text", () => {
  it.live("streamed, joined, equals the whole, whatever it is", () =>
    Effect.gen(function* () {
      const { model, server } = yield* house()
      const texts = ["", "a", "🙂".repeat(50), 'quo"te\\ \n\u2028 data: [DONE]\n\n', "<b>&amp;</b>"]
      for (const text of texts) {
        server.plan(says({ text }), { times: 2 })
        assert.strictEqual(yield* whole(model), text)
        assert.strictEqual(yield* streamed(model), text)
      }
    })
  )

  it.live("20 calls at once are not mixed", () =>
    Effect.gen(function* () {
      const { model, server } = yield* house()
      const prompts = Array.from({ length: 20 }, (_, index) => `number ${index}`)
      for (const [, ask] of ways) {
        const answers = yield* Effect.forEach(prompts, (prompt) => ask(model, prompt), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(
          answers,
          prompts.map((prompt) => `ok: ${prompt}`)
        )
      }
      assert.strictEqual(server.count(), 40)
    })
  )

  it.live("each name is another model; parameters are sent with every request", () =>
    Effect.gen(function* () {
      const { models, server } = yield* house({
        parameters: { temperature: 0, model: "stolen", messages: [] }
      })
      server.plan(says({ text: "from b" }), { model: "b/c:d" })
      assert.strictEqual(yield* whole(models("a")), "ok: hello")
      assert.strictEqual(yield* streamed(models("b/c:d")), "from b")
      assert.strictEqual(models("a"), models("a"))
      const [first, second] = [yield* bodyOf(server, 0), yield* bodyOf(server, 1)]
      assert.deepStrictEqual([first.model, first.temperature], ["a", 0])
      assert.deepStrictEqual([second.model, second.temperature], ["b/c:d", 0])
      assert.deepStrictEqual(first.messages, [{ role: "user", content: "hello" }])
    })
  )

  it.live("a conversation is told as the protocol has it", () =>
    Effect.gen(function* () {
      const { model, server } = yield* house()
      yield* model.generateText({
        prompt: Prompt.make([
          { role: "system", content: "be brief" },
          {
            role: "user",
            content: [
              { type: "text", text: "look" },
              { type: "file", mediaType: "image/png", data: new Uint8Array([1, 2, 3]) }
            ]
          },
          { role: "assistant", content: [] },
          {
            role: "assistant",
            content: [
              { type: "text", text: "I look." },
              { type: "tool-call", id: "c1", name: "look", params: { at: 1 } },
              { type: "tool-call", id: "c2", name: "look", params: "{no" }
            ]
          },
          {
            role: "tool",
            content: [
              { type: "tool-result", id: "c1", name: "look", isFailure: false, result: { is: 1 } },
              { type: "tool-result", id: "c2", name: "look", isFailure: true, result: "no JSON" }
            ]
          }
        ])
      })
      assert.deepStrictEqual((yield* bodyOf(server)).messages, [
        { role: "system", content: "be brief" },
        {
          role: "user",
          content: [
            { type: "text", text: "look" },
            { type: "image_url", image_url: { url: "data:image/png;base64,AQID" } }
          ]
        },
        {
          role: "assistant",
          content: "I look.",
          tool_calls: [
            { id: "c1", type: "function", function: { name: "look", arguments: '{"at":1}' } },
            {
              id: "c2",
              type: "function",
              function: { name: "look", arguments: '{"unreadable":"{no"}' }
            }
          ]
        },
        { role: "tool", tool_call_id: "c1", content: '{"is":1}' },
        { role: "tool", tool_call_id: "c2", content: "no JSON" }
      ])
    })
  )

  it.live("a file that is no image is refused before it is sent", () =>
    Effect.gen(function* () {
      const { model, server } = yield* house()
      const content = [{ type: "file", mediaType: "application/pdf", data: "AQID" } as const]
      const prompt = Prompt.make([{ role: "user", content }])
      const error = yield* Effect.flip(model.generateText({ prompt }))
      assert.deepInclude(reasonOf(error), { _tag: "Rejected", field: "messages" })
      assert.strictEqual(server.count(), 0)
    })
  )
})

describe("usage", () => {
  const figures = { input: 100, cached: 60, output: 30, reasoning: 20 }
  for (const way of ["whole", "streamed"] as const) {
    const finishOf = Effect.fnUntraced(function* (model: LanguageModel.LanguageModel) {
      const parts =
        way === "whole"
          ? (yield* model.generateText({ prompt: "hi" })).content
          : yield* Stream.runCollect(model.streamText({ prompt: "hi" }))
      return parts.flatMap((part) => (part.type === "finish" ? [part] : []))
    })

    it.live(`${way}: with what was cached and thought`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house()
        server.plan(says({ text: "a", usage: figures }))
        const [finish] = yield* finishOf(model)
        assert.deepInclude(finish?.usage.inputTokens, { total: 100, uncached: 40, cacheRead: 60 })
        assert.deepInclude(finish?.usage.outputTokens, { total: 30, text: 10, reasoning: 20 })
      })
    )

    it.live(`${way}: what is not told is unknown, not nothing`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house()
        server.plan(says({ text: "a", usage: null }))
        const [finish] = yield* finishOf(model)
        assert.strictEqual(finish?.reason, "stop")
        assert.isUndefined(finish?.usage.inputTokens.total)
        assert.isUndefined(finish?.usage.outputTokens.reasoning)
      })
    )

    it.live(`${way}: says why it ended`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house()
        const reasons = [
          ["length", "length"],
          ["content_filter", "content-filter"],
          ["tool_calls", "tool-calls"],
          ["what?", "unknown"]
        ] as const
        for (const [finish, reason] of reasons) {
          server.plan(says({ text: "a", finish }))
          assert.strictEqual((yield* finishOf(model))[0]?.reason, reason)
        }
      })
    )
  }
})
