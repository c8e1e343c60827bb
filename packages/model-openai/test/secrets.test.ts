import { inspect } from "node:util"
import { reasonOf } from "@atrium/core/backend/ReasonOf"
import * as FakeModel from "@atrium/testing/FakeModel"
import { assert, describe, it } from "@effect/vitest"
import * as Prompt from "effect/ai/Prompt"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import { serverWords } from "../src/internal/serverWords.ts"
import * as OpenAi from "../src/OpenAi.ts"
import { house, KEY, ways } from "./house.ts"

/** Everything of a value that somebody could print. */
const printed = (value: unknown): string =>
  [
    inspect(value, { depth: 12, showHidden: true, getters: true }),
    String(value),
    JSON.stringify(value, (_, one) => (typeof one === "bigint" ? `${one}` : one)) ?? ""
  ].join("\n")

/** What a call leaves in errors, logs, spans and on the console. */
const traces = Effect.fnUntraced(function* <A, E>(effect: Effect.Effect<A, E>) {
  const said: Array<string> = []
  const spans: Array<Tracer.Span> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const logger = Logger.make((log) => {
    said.push(printed([log.message, Cause.pretty(log.cause)]))
  })
  const written = console.log
  let onConsole = 0
  const capture = (...words: ReadonlyArray<unknown>) => {
    onConsole += 1
    said.push(printed(words))
  }
  const methods = ["log", "info", "warn", "error", "debug"] as const
  const before = methods.map((method) => [method, console[method]] as const)
  for (const method of methods) console[method] = capture
  const exit = yield* effect.pipe(
    Effect.tapCause((cause) => Effect.logError("failed", cause)),
    Effect.exit,
    Effect.provide(Logger.layer([logger])),
    Effect.provideService(References.MinimumLogLevel, "All"),
    Effect.withTracer(tracer),
    Effect.ensuring(
      Effect.sync(() => {
        for (const [method, original] of before) console[method] = original
      })
    )
  )
  assert.strictEqual(console.log, written)
  assert.strictEqual(onConsole, 0)
  said.push(printed(exit))
  if (Exit.isFailure(exit)) said.push(Cause.pretty(exit.cause), printed(Cause.squash(exit.cause)))
  for (const span of spans) {
    said.push(printed(Array.from(span.attributes.entries())), printed(span.status))
  }
  return { text: said.join("\n"), exit, spans }
})

/** Ways of a server to throw back what it was sent. */
const echoes = (secret: string): ReadonlyArray<FakeModel.Script> => [
  { _tag: "Fails", status: 401, message: `Incorrect API key provided: ${secret}.` },
  { _tag: "Fails", status: 400, code: secret, type: secret, param: secret, message: secret },
  { _tag: "Fails", status: 500, body: `<pre>Authorization: Bearer ${secret}</pre>` },
  { _tag: "Fails", status: 429, headers: { "retry-after": secret, "x-request-id": secret } },
  { _tag: "Fails", status: 307, headers: { location: `http://127.0.0.1:9/${secret}` } },
  { _tag: "Breaks", code: secret, message: `Bearer ${secret}` },
  { _tag: "Fails", status: 422, body: JSON.stringify({ detail: [{ input: secret }] }) },
  { _tag: "Cuts", how: "destroy" },
  { _tag: "Garbage", kind: "json" }
]

describe("a key", () => {
  for (const [way, ask] of ways) {
    it.live(`${way}: is in no error, log or span, whatever the server throws back`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house()
        for (const script of echoes(KEY)) {
          server.plan(script)
          const { exit, spans, text } = yield* traces(ask(model))
          assert.isAbove(spans.length, 0)
          assert.notInclude(text, KEY)
          assert.isTrue(Exit.isFailure(exit))
        }
        assert.strictEqual(server.requests()[0]?.headers["authorization"], `Bearer ${KEY}`)
      })
    )

    it.live(`${way}: what was said is in no error, log or span either`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house()
        const secret = "my sister's illness is called ataxia"
        for (const script of echoes(secret)) {
          if (script._tag === "Fails" && script.headers !== undefined) continue
          server.plan(script)
          const { text } = yield* traces(ask(model, `Hear this: ${secret}. Tell nobody.`))
          assert.notInclude(text, "illness")
        }
      })
    )

    it.live(`${way}: goes to no other server`, () =>
      Effect.gen(function* () {
        const elsewhere = yield* FakeModel.make()
        const { model, server } = yield* house()
        for (const status of [301, 302, 303, 307, 308]) {
          const location = `${elsewhere.url}/chat/completions`
          server.plan({ _tag: "Fails", status, headers: { location } })
          const reason = reasonOf(yield* Effect.flip(ask(model)))
          assert.deepInclude(reason, { _tag: "Rejected", field: "base URL" })
        }
        assert.strictEqual(elsewhere.count(), 0)
        assert.strictEqual(server.count(), 5)
      })
    )
  }

  it.live("is not seen where the models are printed", () =>
    Effect.gen(function* () {
      const { model, models } = yield* house()
      assert.notInclude(printed(models), KEY)
      assert.notInclude(printed(model), KEY)
    })
  )

  it.live("is not taken from the environment, nor are other settings of the SDK", () =>
    Effect.gen(function* () {
      const names = ["OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"]
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          for (const name of names) process.env[name] = `${KEY}-of-the-environment`
        }),
        () =>
          Effect.sync(() => {
            for (const name of names) delete process.env[name]
          })
      )
      const { model, server } = yield* house({ apiKey: undefined })
      yield* model.generateText({ prompt: "hi" })
      assert.notInclude(printed(server.requests()), "of-the-environment")
      assert.strictEqual(server.requests()[0]?.headers["authorization"], "Bearer no-key")
    })
  )
})

describe("a server's words", () => {
  const clean = (said: unknown, ...texts: ReadonlyArray<string>) =>
    serverWords(said, Redacted.make(KEY), Prompt.make(texts.map((text) => userSays(text))))
  const userSays = (text: string) => Prompt.userMessage({ content: [Prompt.textPart({ text })] })

  it("are kept on one line, shortened, without keys", () => {
    assert.strictEqual(clean(" a\n\tb\0c "), "a b c")
    assert.strictEqual(clean("wrong: sk-abc***xyz."), "wrong: [key]")
    assert.strictEqual(clean(`Bearer ${KEY}!`), "Bearer [key]!")
    assert.isAtMost(clean("x".repeat(1_000_000))?.length ?? 0, 301)
    assert.isTrue(clean("🙂".repeat(1_000))?.isWellFormed())
    for (const none of [undefined, null, 7, {}, "", " \n"]) assert.isUndefined(clean(none))
  })

  it("are left out where they repeat what was said, however short a piece of it", () => {
    const long = "The first sentence of it is harmless. The second one must not be told to anyone."
    const repeats = (said: string | undefined) => said?.includes("repeat the conversation")
    assert.isTrue(repeats(clean(`value was ${long}`, long)))
    for (let at = 0; at + 31 <= long.length; at++) {
      assert.isTrue(repeats(clean(`(${long.slice(at, at + 31)})`, "hello", long)))
    }
    assert.isTrue(repeats(clean("bad input: 0171 555", " 0171 555 ")))
    assert.strictEqual(clean("temperature must be 1", "ok", "hello there"), "temperature must be 1")
  })
})

describe("settings in code", () => {
  const keys = ["", " ", "sk-a b", "sk-a\nX-Evil: 1", "sk-ä", "sk-\0"]
  for (const key of keys) {
    it.effect(`refuse the key ${JSON.stringify(key)} without repeating it`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(OpenAi.make({ apiKey: Redacted.make(key) }))
        assert.deepInclude(error.reason, { _tag: "Rejected", field: "apiKey" })
        assert.isTrue(key.trim() === "" || !error.message.includes(key))
      })
    )
  }

  const urls = [
    "",
    "localhost:11434",
    "127.0.0.1:11434/v1",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "ftp://host/v1",
    "http://",
    "http://user:secret@host/v1",
    "http://secret@host/v1",
    "https://host/v1?key=secret",
    "https://host/v1#secret",
    "https://host/v1\r\nX-Evil: secret",
    "https://ho st/v1",
    "https:\\\\host\\v1",
    "http://[::1/v1"
  ]
  for (const baseUrl of urls) {
    it.effect(`refuse the base URL ${JSON.stringify(baseUrl)} without repeating it`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(OpenAi.make({ apiKey: Redacted.make(KEY), baseUrl }))
        assert.deepInclude(error.reason, { _tag: "Rejected", field: "baseUrl" })
        assert.notInclude(printed(error), "secret")
        assert.include(error.message, "https://api.openai.com/v1")
      })
    )
  }

  it.effect("refuse to wait for no time, and may wait for ever", () =>
    Effect.gen(function* () {
      for (const timeout of [0, -1]) {
        const error = yield* Effect.flip(OpenAi.make({ apiKey: Redacted.make(KEY), timeout }))
        assert.deepInclude(error.reason, { _tag: "Rejected", field: "timeout" })
      }
      const { model } = yield* house({ timeout: Duration.infinity })
      for (const [, ask] of ways) assert.strictEqual(yield* ask(model), "ok: hello")
    })
  )

  it.effect("want a key for OpenAI itself", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(OpenAi.make({}))
      assert.deepInclude(error.reason, { _tag: "Rejected", field: "apiKey" })
    })
  )

  it.live("take a base URL with slashes at its end", () =>
    Effect.gen(function* () {
      const server = yield* FakeModel.make()
      const models = yield* OpenAi.make({ baseUrl: `${server.url}//` })
      yield* models("m").generateText({ prompt: "hi" })
      assert.strictEqual(server.requests()[0]?.path, "/v1/chat/completions")
    })
  )

  const names = ["", " ", "a b", "a\nb", "a\0", "\ud800", "m".repeat(257)]
  for (const name of names) {
    it.live(`refuse the model ${JSON.stringify(name).slice(0, 20)} before it is sent`, () =>
      Effect.gen(function* () {
        const { models, server } = yield* house()
        for (const [, ask] of ways) {
          const reason = reasonOf(yield* Effect.flip(ask(models(name))))
          assert.deepInclude(reason, { _tag: "Rejected", field: "model" })
        }
        assert.strictEqual(server.count(), 0)
        const layer = OpenAi.layer({ baseUrl: server.url, model: name })
        const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
        assert.deepInclude(error.reason, { _tag: "Rejected", field: "model" })
      })
    )
  }

  it.live("send odd names as they are, and nowhere else", () =>
    Effect.gen(function* () {
      const { models, server } = yield* house()
      for (const name of ["../../admin", "a?b=c", "__proto__", "ft:gpt-4o:acme::x", '{"x":1}']) {
        const [, ask] = ways[0]
        assert.strictEqual(yield* ask(models(name)), "ok: hello")
        assert.deepInclude(server.requests().at(-1)?.body, { model: name })
        assert.strictEqual(server.requests().at(-1)?.path, "/v1/chat/completions")
      }
    })
  )
})

describe("a conversation that is nested without measure", () => {
  it("is looked for all the same", () => {
    let params: unknown = "the recipe of the house"
    for (let depth = 0; depth < 20_000; depth++) params = [params]
    const prompt = Prompt.fromMessages([
      Prompt.makeMessage("assistant", {
        content: [
          Prompt.makePart("tool-call", { id: "1", name: "n", params, providerExecuted: false })
        ]
      })
    ])
    const words = serverWords("No: the recipe of the house", Redacted.make(KEY), prompt)
    assert.notInclude(words, "recipe")
    assert.include(words, "left out")
  })
})
