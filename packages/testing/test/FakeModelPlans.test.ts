import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline/promises"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as FakeModel from "../src/FakeModel.ts"

/** What came: the status, the headers, and the body as far as it came; `cut` where it broke. */
const post = (url: string, more: Record<string, unknown> = {}) =>
  Effect.promise(async (signal) => {
    const response = await fetch(`${url}/chat/completions`, {
      method: "POST",
      redirect: "manual",
      signal,
      body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "hello" }], ...more })
    })
    const decoder = new TextDecoder()
    let text = ""
    let cut = false
    try {
      for await (const piece of response.body ?? []) text += decoder.decode(piece, { stream: true })
    } catch {
      cut = true
    }
    return { status: response.status, headers: response.headers, text, cut }
  })
const streamed = { stream: true, stream_options: { include_usage: true } }

const Any = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown))
const isJson = (text: string) => Exit.isSuccess(Schema.decodeExit(Any)(text))
const dataOf = (text: string) =>
  text
    .trim()
    .split("\n\n")
    .map((event) => event.replace(/^data: /, ""))

const until = (holds: () => boolean) =>
  Effect.promise(async () => {
    while (!holds()) await new Promise((resume) => setTimeout(resume, 2))
  })

describe("plans", () => {
  it.live("hold for the next completion, for the next ones, or for one model", () =>
    Effect.gen(function* () {
      const server = yield* FakeModel.make()
      server.plan({ _tag: "Says", text: "for b" }, { model: "b" })
      server.plan({ _tag: "Fails", status: 500 }, { times: 2 })
      const said = [
        yield* post(server.url),
        yield* post(server.url, { model: "b" }),
        yield* post(server.url),
        yield* post(server.url)
      ]
      assert.deepStrictEqual(
        said.map(({ status }) => status),
        [500, 200, 500, 200]
      )
      assert.include(said[1]?.text, "for b")
      assert.include(said[3]?.text, "ok: hello")
      assert.deepStrictEqual(server.planned(), [])
      assert.strictEqual(server.count(), 4)
    })
  )

  it.live("are made and looked at from another process", () =>
    Effect.gen(function* () {
      const main = new URL("../src/FakeModelMain.ts", import.meta.url).pathname
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, ["--conditions=@atrium/source", main], {
            stdio: ["pipe", "pipe", "inherit"]
          })
        ),
        (made) => Effect.sync(() => made.kill())
      )
      const [line] = yield* Effect.promise(() =>
        once(createInterface({ input: child.stdout }), "line")
      )
      const { url } = yield* Schema.decodeUnknownEffect(
        Schema.fromJsonString(Schema.Struct({ url: Schema.String }))
      )(line)
      const control = FakeModel.control(url)
      yield* control.plan({ _tag: "Fails", status: 503 }, { times: 2 })
      const statuses = [yield* post(url), yield* post(url), yield* post(url)]
      assert.deepStrictEqual(
        statuses.map(({ status }) => status),
        [503, 503, 200]
      )
      const seen = yield* control.seen
      assert.strictEqual(seen.count, 3)
      assert.deepInclude(seen.requests[0], { path: "/v1/chat/completions", left: false })
      assert.deepInclude(seen.requests[0]?.body, { model: "m" })
    })
  )

  it.live("that are none are refused", () =>
    Effect.gen(function* () {
      const server = yield* FakeModel.make()
      for (const plan of [{}, [{}], [{ script: { _tag: "Fails" } }], "x"]) {
        const status = yield* Effect.promise(async () => {
          const body = JSON.stringify(plan)
          const response = await fetch(new URL("/plans", server.url), { method: "POST", body })
          await response.text()
          return response.status
        })
        assert.strictEqual(status, 400)
      }
      assert.deepStrictEqual(server.planned(), [])
    })
  )
})

describe("what is seen of requests", () => {
  it.live("has headers, bodies, and whether the client left", () =>
    Effect.gen(function* () {
      const server = yield* FakeModel.make()
      yield* post(server.url)
      assert.deepInclude(server.requests()[0]?.headers, { accept: "*/*" })
      assert.isFalse(server.requests()[0]?.left)
      server.plan({ _tag: "Hangs" })
      const fiber = yield* Effect.forkChild(post(server.url))
      yield* until(() => server.count() === 2)
      assert.isFalse(server.requests()[1]?.left)
      yield* Fiber.interrupt(fiber)
      yield* until(() => server.requests()[1]?.left === true)
      assert.isFalse(server.requests()[0]?.left)
    })
  )
})

describe("scripts", () => {
  it.live("say texts, refusals and calls, whole", () =>
    Effect.gen(function* () {
      const server = yield* FakeModel.make()
      server.plan({
        _tag: "Says",
        text: "I look.",
        refusal: "No.",
        calls: [
          { id: "a", name: "find", arguments: "{no json" },
          { name: "now", arguments: "{}" }
        ],
        usage: { input: 9, output: 4, cached: 3, reasoning: 2 }
      })
      const body = yield* Schema.decodeEffect(Any)((yield* post(server.url)).text)
      assert.deepStrictEqual(body["choices"], [
        {
          index: 0,
          message: {
            role: "assistant",
            content: "I look.",
            refusal: "No.",
            tool_calls: [
              { id: "a", type: "function", function: { name: "find", arguments: "{no json" } },
              { id: "call_1_1", type: "function", function: { name: "now", arguments: "{}" } }
            ]
          },
          logprobs: null,
          finish_reason: "tool_calls"
        }
      ])
      assert.deepStrictEqual(body["usage"], {
        prompt_tokens: 9,
        completion_tokens: 4,
        total_tokens: 13,
        prompt_tokens_details: { cached_tokens: 3 },
        completion_tokens_details: { reasoning_tokens: 2 }
      })
    })
  )

  it.live("say calls in pieces that take turns", () =>
    Effect.gen(function* () {
      const server = yield* FakeModel.make()
      server.plan({
        _tag: "Says",
        pieces: 2,
        calls: [
          { id: "a", name: "one", arguments: "1234" },
          { id: "b", name: "two", arguments: "56" }
        ]
      })
      const { text } = yield* post(server.url, streamed)
      const pieces = Array.from(text.matchAll(/"index":(\d),"function":\{"arguments":"(\d+)"/g))
      assert.deepStrictEqual(
        pieces.map(([, index, piece]) => [index, piece]),
        [
          ["0", "12"],
          ["1", "5"],
          ["0", "34"],
          ["1", "6"]
        ]
      )
      assert.include(text, '"finish_reason":"tool_calls"')
    })
  )

  it.live("leave usage out", () =>
    Effect.gen(function* () {
      const server = yield* FakeModel.make()
      server.plan({ _tag: "Says", text: "a", usage: null }, { times: 2 })
      assert.notInclude((yield* post(server.url)).text, "usage")
      assert.notInclude((yield* post(server.url, streamed)).text, "usage")
    })
  )

  it.live("fail with a status, headers and an error in the protocol's shape, or with a page", () =>
    Effect.gen(function* () {
      const server = yield* FakeModel.make()
      server.plan({
        _tag: "Fails",
        status: 429,
        code: "rate_limit_exceeded",
        type: "requests",
        message: "Slow down.",
        headers: { "retry-after": "7" }
      })
      const limited = yield* post(server.url)
      assert.strictEqual(limited.headers.get("retry-after"), "7")
      assert.deepStrictEqual(yield* Schema.decodeEffect(Any)(limited.text), {
        error: {
          message: "Slow down.",
          type: "requests",
          param: null,
          code: "rate_limit_exceeded"
        }
      })
      const headers = { "content-type": "text/html" }
      server.plan({ _tag: "Fails", status: 502, body: "<h1>Bad gateway</h1>", headers })
      const page = yield* post(server.url)
      assert.deepStrictEqual(
        [page.status, page.text, page.headers.get("content-type")],
        [502, "<h1>Bad gateway</h1>", "text/html"]
      )
    })
  )

  it.live("cut streams and answers, by force and in good order", () =>
    Effect.gen(function* () {
      const server = yield* FakeModel.make()
      server.plan({ _tag: "Cuts", how: "destroy", after: 4 })
      const broken = yield* post(server.url, streamed)
      assert.isTrue(broken.cut)
      assert.strictEqual(dataOf(broken.text).length, 4)
      server.plan({ _tag: "Cuts", how: "end", after: 4 })
      const ended = yield* post(server.url, streamed)
      assert.isFalse(ended.cut)
      assert.strictEqual(dataOf(ended.text).length, 4)
      assert.notInclude(ended.text, "[DONE]")
      server.plan({ _tag: "Cuts", how: "done", after: 4 })
      const done = yield* post(server.url, streamed)
      assert.strictEqual(dataOf(done.text).at(-1), "[DONE]")
      assert.notInclude(done.text, '"finish_reason":"stop"')
      server.plan({ _tag: "Cuts", how: "destroy" })
      assert.isTrue((yield* post(server.url)).cut)
      server.plan({ _tag: "Cuts", how: "end" })
      const half = yield* post(server.url)
      assert.isFalse(half.cut || isJson(half.text))
    })
  )

  it.live("send garbage of each kind", () =>
    Effect.gen(function* () {
      const server = yield* FakeModel.make()
      const kind = Effect.fnUntraced(function* (
        of: Extract<FakeModel.Script, { _tag: "Garbage" }>["kind"]
      ) {
        server.plan({ _tag: "Garbage", kind: of }, { times: 2 })
        return [yield* post(server.url), yield* post(server.url, streamed)] as const
      })
      const [json, jsonStream] = yield* kind("json")
      assert.isFalse(isJson(json.text))
      assert.strictEqual(dataOf(jsonStream.text).filter((data) => !isJson(data)).length, 2)
      for (const { text } of yield* kind("shape")) assert.include(text, '{"choices":"none"}')
      for (const { headers, text } of yield* kind("html")) {
        assert.strictEqual(headers.get("content-type"), "text/html")
        assert.include(text, "<h1>")
      }
      const [plain, plainStream] = yield* kind("type")
      assert.isTrue(isJson(plain.text))
      assert.strictEqual(plain.headers.get("content-type"), "text/plain")
      assert.strictEqual(plainStream.headers.get("content-type"), "text/plain")
      for (const { text } of yield* kind("empty")) assert.include(text, '"choices":[]')
      for (const { text } of yield* kind("nothing")) assert.strictEqual(text, "")
    })
  )

  it.live("break a stream with an error", () =>
    Effect.gen(function* () {
      const server = yield* FakeModel.make()
      server.plan({ _tag: "Breaks", after: 2, code: "overloaded" })
      const events = dataOf((yield* post(server.url, streamed)).text)
      assert.strictEqual(events.length, 3)
      assert.include(events[2], '"code":"overloaded"')
    })
  )

  it.live("wait before the answer and between its chunks", () =>
    Effect.gen(function* () {
      const server = yield* FakeModel.make()
      const tookMs = Effect.fnUntraced(function* (script: FakeModel.Script) {
        server.plan(script)
        const started = performance.now()
        yield* post(server.url, streamed)
        return performance.now() - started
      })
      assert.isAtLeast(yield* tookMs({ _tag: "Says", text: "a", beforeMs: 60 }), 55)
      // Five chunks, four waits: the role, a letter, the end, usage, and [DONE].
      assert.isAtLeast(yield* tookMs({ _tag: "Says", text: "a", betweenMs: 20 }), 75)
      assert.isAtLeast(yield* tookMs({ _tag: "Fails", status: 500, beforeMs: 60 }), 55)
    })
  )

  it.live("hang, from the first or in mid-answer, until the server closes", () =>
    Effect.gen(function* () {
      const hung = yield* Effect.scoped(
        Effect.gen(function* () {
          const server = yield* FakeModel.make()
          server.plan({ _tag: "Hangs" })
          server.plan({ _tag: "Hangs", after: 2 })
          const fibers = [
            yield* Effect.forkDetach(Effect.exit(post(server.url, streamed))),
            yield* Effect.forkDetach(Effect.exit(post(server.url, streamed)))
          ]
          yield* until(() => server.count() === 2)
          yield* Effect.sleep("40 millis")
          for (const fiber of fibers) assert.isUndefined(fiber.pollUnsafe())
          return fibers
        })
      )
      const exits = yield* Effect.forEach(hung, Fiber.join)
      const seen = exits.flatMap((exit) => (Exit.isSuccess(exit) ? [exit.value] : []))
      assert.strictEqual(seen.length, 1)
      assert.isTrue(seen[0]?.cut)
    })
  )
})
