/** The loop over whole models: OpenAI's protocol over a real connection, and the demonstration model. */
import { Atrium } from "@atrium/core"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { DemoModel } from "@atrium/model-demo"
import { OpenAi } from "@atrium/model-openai"
import * as FakeModel from "@atrium/testing/FakeModel"
import { assert, it } from "@effect/vitest"
import type { LanguageModel } from "effect/ai/LanguageModel"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { Native } from "../src/index.ts"
import { as, send, talk, template } from "./house.ts"

const house = <E>(model: Layer.Layer<LanguageModel, E>) =>
  Atrium.layer({
    helper: {
      template: {
        ...template,
        blocks: [{ label: "human", owner: "user", value: "Name: {user.name}" }]
      },
      binding: { _tag: "Shared", showUser: true }
    },
    other: {
      template: { ...template, model: "groq/other/model" },
      binding: { _tag: "PerUser" }
    }
  }).pipe(
    Layer.provide(Native.layer),
    Layer.provide(model),
    Layer.provideMerge(Storage.layerMemory),
    Layer.provideMerge(TenantResolver.layerTrusted),
    Layer.provide(Logger.layer([]))
  )

/** What the agent said last. */
const answer = (text: string) =>
  Effect.map(
    Effect.flatMap(talk(), (id) => send(id, text)),
    (events) => {
      const stored = events.flatMap((one) => (one._tag === "MessageStored" ? one.message : []))
      const parts = stored.at(-1)?.parts ?? []
      return parts.map((part) => (part._tag === "Text" ? part.text : "")).join("")
    }
  )

it.live("[073] the demonstration model keeps each user's name, and tells it to nobody else", () =>
  Effect.gen(function* () {
    yield* answer("My name is Alice.").pipe(as("user-alice"))
    yield* answer("My name is Bob.").pipe(as("user-bob"))
    const alice = yield* answer("What's my name?").pipe(as("user-alice"))
    assert.include(alice, "Alice")
    assert.notInclude(alice, "Bob")
    assert.include(yield* answer("What's my name?").pipe(as("user-bob")), "Bob")
  }).pipe(Effect.provide(house(DemoModel.layer({ wordDelay: 0 }))))
)

it.live("over a connection: a tool's call, its result, the answer, and what they cost", () =>
  Effect.gen(function* () {
    const server = yield* FakeModel.FakeModel
    const input = JSON.stringify({ label: "human", text: "likes tea" })
    server.plan({ _tag: "Says", calls: [{ name: "memory_append", arguments: input }] })
    const model = OpenAi.layer({ baseUrl: server.url, model: "gpt-fake" })
    yield* Effect.gen(function* () {
      const text = yield* answer("I like tea.")
      assert.strictEqual(text, "ok: I like tea.")
      yield* answer("And now?")
    }).pipe(as("alice"), Effect.provide(house(model)))
    const bodies = server.requests().map(({ body }) => JSON.stringify(body))
    assert.lengthOf(bodies, 3)
    assert.include(bodies[1] ?? "", "likes tea")
    assert.include(bodies[2] ?? "", JSON.stringify("Name: unknown\nlikes tea").slice(1, -1))
    assert.include(bodies[0] ?? "", `"stream":true`)
  }).pipe(Effect.provide(FakeModel.layer()))
)

it.live("one layer of a provider serves templates with different models", () =>
  Effect.gen(function* () {
    const server = yield* FakeModel.FakeModel
    const environment = ConfigProvider.fromUnknown({ OPENAI_BASE_URL: server.url })
    const model = OpenAi.layerConfig().pipe(Layer.provide(ConfigProvider.layer(environment)))
    yield* Effect.gen(function* () {
      yield* answer("hello")
      const conversations = yield* Conversations
      const { id } = yield* conversations.resolve("other")
      const events = yield* send(id, "hello")
      const called = events.flatMap((one) => (one._tag === "ModelCalled" ? one.model : []))
      assert.deepStrictEqual(called, ["other/model"])
    }).pipe(as("alice"), Effect.provide(house(model)))
    const bodies = server.requests().map(({ body }) => JSON.stringify(body))
    assert.include(bodies[0] ?? "", `"model":"model"`)
    assert.include(bodies[1] ?? "", `"model":"other/model"`)
  }).pipe(Effect.provide(FakeModel.layer()))
)
