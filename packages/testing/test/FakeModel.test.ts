import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline/promises"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as FakeModel from "../src/FakeModel.ts"

const post = (url: string, body: unknown) =>
  Effect.promise(() =>
    fetch(`${url}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body)
    })
  )
const text = (response: Response) => Effect.promise(() => response.text())

const Completion = Schema.fromJsonString(
  Schema.Struct({
    id: Schema.String,
    model: Schema.String,
    choices: Schema.Tuple([
      Schema.Struct({
        message: Schema.Struct({ role: Schema.Literal("assistant"), content: Schema.String }),
        finish_reason: Schema.Literal("stop")
      })
    ]),
    usage: Schema.Struct({ prompt_tokens: Schema.Int, total_tokens: Schema.Int })
  })
)

const Chunk = Schema.fromJsonString(
  Schema.Struct({
    choices: Schema.Array(
      Schema.Struct({
        delta: Schema.Struct({ content: Schema.optionalKey(Schema.String) }),
        finish_reason: Schema.NullOr(Schema.String)
      })
    ),
    usage: Schema.optionalKey(Schema.NullOr(Schema.Struct({ total_tokens: Schema.Int })))
  })
)

const Address = Schema.fromJsonString(Schema.Struct({ url: Schema.String, port: Schema.Int }))

const hello = { model: "any", messages: [{ role: "user", content: "hello" }] }

describe("FakeModel", () => {
  layer(FakeModel.layer())((it) => {
    it.effect("answers what the user said last", () =>
      Effect.gen(function* () {
        const { url } = yield* FakeModel.FakeModel
        const response = yield* post(url, {
          model: "any",
          temperature: 0,
          messages: [
            { role: "system", content: "be brief" },
            { role: "user", content: "first" },
            { role: "assistant", content: null },
            {
              role: "user",
              content: [
                { type: "text", text: "the " },
                { type: "text", text: "last" }
              ]
            }
          ]
        })
        const body = yield* Schema.decodeEffect(Completion)(yield* text(response))
        assert.strictEqual(body.choices[0].message.content, "ok: the last")
        assert.strictEqual(body.model, "any")
        assert.isAbove(body.usage.total_tokens, body.usage.prompt_tokens)
      })
    )

    it.effect("streams the reply in eight pieces, then usage, then [DONE]", () =>
      Effect.gen(function* () {
        const { url } = yield* FakeModel.FakeModel
        const said = "🙂".repeat(29)
        const response = yield* post(url, {
          model: "any",
          messages: [{ role: "user", content: said }],
          stream: true,
          stream_options: { include_usage: true }
        })
        assert.strictEqual(response.headers.get("content-type"), "text/event-stream")
        const events = (yield* text(response)).trim().split("\n\n")
        assert.strictEqual(events.pop(), "data: [DONE]")
        const chunks = yield* Effect.forEach(events, (event) =>
          Schema.decodeEffect(Chunk)(event.replace(/^data: /, ""))
        )
        const deltas = chunks.flatMap((chunk) =>
          chunk.choices.map((choice) => choice.delta.content)
        )
        assert.strictEqual(deltas.join(""), `ok: ${said}`)
        assert.strictEqual(deltas.filter((delta) => delta).length, 8)
        assert.isTrue(deltas.every((delta) => delta === undefined || delta.isWellFormed()))
        const [finish, usage] = chunks.slice(-2)
        assert.strictEqual(finish?.choices[0]?.finish_reason, "stop")
        assert.isNull(finish?.usage)
        assert.isAbove(usage?.usage?.total_tokens ?? 0, 0)
      })
    )

    it.effect("leaves usage out of a stream that did not ask for it", () =>
      Effect.gen(function* () {
        const { url } = yield* FakeModel.FakeModel
        const body = yield* text(yield* post(url, { ...hello, stream: true }))
        assert.notInclude(body, "usage")
      })
    )

    it.effect("lists its model, refuses what it cannot read", () =>
      Effect.gen(function* () {
        const { url } = yield* FakeModel.FakeModel
        const list = yield* Effect.promise(() => fetch(`${url}/models`))
        assert.include(yield* text(list), "fake-model")
        assert.strictEqual((yield* post(url, "{")).status, 400)
        assert.strictEqual((yield* post(url, { model: "any", messages: [] })).status, 400)
        assert.strictEqual((yield* post(`${url}/other`, hello)).status, 404)
        const large = yield* post(url, "x".repeat(5 * 1024 * 1024))
        assert.strictEqual(large.status, 413)
      })
    )
  })

  it.effect("remembers the latest 1,000 requests and counts all", () =>
    Effect.gen(function* () {
      const server = yield* FakeModel.make()
      yield* Effect.forEach(
        Array.from({ length: 1_001 }, (_, index) => index),
        (index) =>
          Effect.flatMap(
            post(server.url, { model: "any", messages: [{ role: "user", content: `${index}` }] }),
            text
          ),
        { discard: true }
      )
      assert.strictEqual(server.count(), 1_001)
      assert.strictEqual(server.requests().length, 1_000)
      assert.deepInclude(server.requests()[0], { method: "POST", path: "/v1/chat/completions" })
      assert.deepInclude(server.requests()[0]?.body, { messages: [{ role: "user", content: "1" }] })
    })
  )

  it.live("waits before it answers, listens on loopback only, and stops with its scope", () =>
    Effect.gen(function* () {
      const url = yield* Effect.scoped(
        Effect.gen(function* () {
          const server = yield* FakeModel.make({ latencyMs: 60 })
          const started = performance.now()
          yield* Effect.flatMap(post(server.url, hello), text)
          assert.isAtLeast(performance.now() - started, 55)
          // Another address of this machine, where a server that listens on all would answer.
          const elsewhere = fetch(server.url.replace("127.0.0.1", "127.0.0.2"))
          assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.tryPromise(() => elsewhere))))
          return server.url
        })
      )
      const refused = yield* Effect.exit(Effect.tryPromise(() => fetch(url)))
      assert.isTrue(Exit.isFailure(refused))
    })
  )

  it("runs as a process of its own that ends with its parent's pipe", async () => {
    const main = new URL("../src/FakeModelMain.ts", import.meta.url).pathname
    const child = spawn(process.execPath, [main], { stdio: ["pipe", "pipe", "inherit"] })
    try {
      const [line] = await once(createInterface({ input: child.stdout }), "line")
      const { url } = await Schema.decodeUnknownPromise(Address)(line)
      const response = await fetch(`${url}/models`)
      assert.strictEqual(response.status, 200)
      await response.text()
      child.stdin.end()
      const [status] = await once(child, "exit", { signal: AbortSignal.timeout(5_000) })
      assert.strictEqual(status, 0)
    } finally {
      child.kill()
    }
  })
})
