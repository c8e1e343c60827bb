import { ModelHandle } from "@atrium/core/backend/ModelHandle"
import * as FakeModel from "@atrium/testing/FakeModel"
import { assert, describe, it } from "@effect/vitest"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as OpenAi from "../src/OpenAi.ts"
import { settings } from "../src/Settings.ts"
import { KEY } from "./house.ts"

const inEnv = (env: Record<string, string>) =>
  Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))

const LOCAL = "http://127.0.0.1:11434/v1"

describe("the environment", () => {
  const wrong: ReadonlyArray<
    readonly [env: Record<string, string>, names: string, remedy: RegExp]
  > = [
    [{}, "OPENAI_API_KEY is not set", /Set it to your key, or set OPENAI_BASE_URL/],
    [{ OPENAI_API_KEY: "" }, "OPENAI_API_KEY is not set", /OPENAI_BASE_URL/],
    [{ OPENAI_API_KEY: " \n" }, "OPENAI_API_KEY is not set", /OPENAI_BASE_URL/],
    [{ OPENAI_API_KEY: "sk-secret and more" }, "OPENAI_API_KEY has characters", /Copy it again/],
    [{ OPENAI_API_KEY: "sk-secret\u200b" }, "OPENAI_API_KEY has characters", /Copy it again/],
    [{ OPENAI_BASE_URL: "localhost:11434" }, "OPENAI_BASE_URL does not begin", /like http:/],
    [{ OPENAI_BASE_URL: "http://host:0/v1" }, "OPENAI_BASE_URL has the port 0", /like http:/],
    [{ OPENAI_BASE_URL: "not a url secret" }, "OPENAI_BASE_URL is not a URL", /like http:/],
    [{ OPENAI_BASE_URL: "https://me:secret@host/v1" }, "OPENAI_BASE_URL has a user name", /like/],
    [{ OPENAI_API_KEY: KEY, ATRIUM_MODEL: "gpt-5-mini" }, "ATRIUM_MODEL is not of", /openai\/gpt/],
    [{ OPENAI_API_KEY: KEY, ATRIUM_MODEL: "/x" }, "ATRIUM_MODEL is not of", /openai\/gpt/],
    [{ OPENAI_API_KEY: KEY, ATRIUM_MODEL: "openai/" }, "ATRIUM_MODEL has a model's", /openai\/gpt/],
    [{ OPENAI_API_KEY: KEY, ATRIUM_MODEL: "openai/a b" }, "ATRIUM_MODEL has a", /openai\/gpt/],
    [
      { OPENAI_API_KEY: KEY, ATRIUM_MODEL: "groq/llama" },
      'ATRIUM_MODEL names the provider "groq"',
      /Set OPENAI_BASE_URL/
    ]
  ]
  for (const [env, names, remedy] of wrong) {
    it.effect(`is refused: ${JSON.stringify(env)}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(inEnv(env)(settings))
        assert.include(error.message, names)
        assert.match(error.message, remedy)
        assert.notInclude(JSON.stringify([error, String(error)]), "secret")
        const models = yield* Effect.flip(inEnv(env)(OpenAi.makeConfig()))
        assert.include(models.message, names)
        const layer = Effect.scoped(Layer.build(OpenAi.layerConfig({ model: "openai/m" })))
        assert.include((yield* Effect.flip(inEnv(env)(layer))).message, names)
      })
    )
  }

  it.effect("needs no key where it names a server", () =>
    Effect.gen(function* () {
      const set = yield* inEnv({ OPENAI_BASE_URL: LOCAL, ATRIUM_MODEL: "groq/a/b" })(settings)
      assert.deepStrictEqual(set, {
        apiKey: undefined,
        baseUrl: LOCAL,
        model: { provider: "groq", model: "a/b" }
      })
    })
  )

  it.effect("hides the key, without the line break that a file left on it", () =>
    Effect.gen(function* () {
      const set = yield* inEnv({ OPENAI_API_KEY: `${KEY}\n` })(settings)
      assert.strictEqual(set.apiKey === undefined ? "" : Redacted.value(set.apiKey), KEY)
      assert.notInclude(JSON.stringify(set) + String(set.apiKey), KEY)
    })
  )
})

describe("models by handle", () => {
  const asked = Effect.fnUntraced(function* (env: Record<string, string>, handle: string) {
    const server = yield* FakeModel.make()
    const models = yield* inEnv({ OPENAI_BASE_URL: server.url, ...env })(OpenAi.makeConfig())
    const model = yield* models(handle)
    yield* model.generateText({ prompt: "hi" })
    return server.requests()[0]
  })

  it.live("ask for the template's model", () =>
    Effect.gen(function* () {
      const request = yield* asked({ OPENAI_API_KEY: KEY }, "openai/gpt-4.1")
      assert.deepInclude(request?.body, { model: "gpt-4.1" })
      assert.strictEqual(request?.headers["authorization"], `Bearer ${KEY}`)
    })
  )

  it.live("ask for ATRIUM_MODEL before the template's", () =>
    Effect.gen(function* () {
      const request = yield* asked({ ATRIUM_MODEL: "groq/llama-3.1-70b" }, "openai/gpt-4.1")
      assert.deepInclude(request?.body, { model: "llama-3.1-70b" })
    })
  )

  it.live("refuse a handle that cannot be right, and one of another provider at OpenAI", () =>
    Effect.gen(function* () {
      const local = yield* inEnv({ OPENAI_BASE_URL: LOCAL })(OpenAi.makeConfig())
      for (const handle of ["gpt-4.1", "", "/", "a b/c", "openai/"]) {
        const error = yield* Effect.flip(local(handle))
        assert.deepInclude(error.reason, { _tag: "Rejected", field: "model" })
        assert.include(error.message, JSON.stringify(handle))
      }
      const openai = yield* inEnv({ OPENAI_API_KEY: KEY })(OpenAi.makeConfig())
      const error = yield* Effect.flip(openai("anthropic/claude-sonnet-4-5"))
      assert.include(error.message, "OPENAI_BASE_URL")
    })
  )

  it.live("come as one layer, too", () =>
    Effect.gen(function* () {
      const server = yield* FakeModel.make()
      const text = LanguageModel.generateText({ prompt: "hi" })
      const ask = (env: Record<string, string>, model?: string) =>
        Effect.andThen(
          inEnv({ OPENAI_BASE_URL: server.url, ...env })(
            Effect.provide(text, OpenAi.layerConfig({ model }))
          ),
          Effect.sync(() => server.requests().at(-1)?.body)
        )
      assert.deepInclude(yield* ask({}, "openai/a"), { model: "a" })
      assert.deepInclude(yield* ask({ ATRIUM_MODEL: "x/b" }, "openai/a"), { model: "b" })
      const asTemplate = (model: string) => Effect.provideService(ModelHandle, model)
      assert.deepInclude(yield* ask({}, "openai/a").pipe(asTemplate("groq/c/d")), { model: "c/d" })
      assert.deepInclude(yield* ask({}).pipe(asTemplate("openai/e")), { model: "e" })
      assert.deepInclude(yield* ask({ ATRIUM_MODEL: "x/b" }).pipe(asTemplate("openai/e")), {
        model: "b"
      })
      const unnamed = yield* Effect.flip(ask({}))
      assert.include(unnamed.message, "Set ATRIUM_MODEL to the model to ask")
      const wrong = yield* Effect.flip(ask({}).pipe(asTemplate("no-slash")))
      assert.include(wrong.message, "not of the form provider/model")
      const atBoot = yield* Effect.flip(ask({}, "no-slash"))
      assert.strictEqual(atBoot._tag, "BackendError")
    })
  )
})
