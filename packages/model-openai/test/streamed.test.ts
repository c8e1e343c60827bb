/** Streams of servers that keep the protocol in ways of their own. */

import { once } from "node:events"
import { createServer, type RequestListener } from "node:http"
import { reasonOf } from "@atrium/core/backend/ReasonOf"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as OpenAi from "../src/OpenAi.ts"

/** A server on loopback that ends with the scope. */
const serve = (listener: RequestListener) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const server = createServer(listener)
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      const address = server.address()
      if (address === null || typeof address === "string") throw new Error("no port")
      return { url: `http://127.0.0.1:${address.port}/v1`, server }
    }),
    ({ server }) =>
      Effect.promise(async () => {
        const closed = once(server, "close")
        server.close()
        server.closeAllConnections()
        await closed
      })
  )

/** The parts of a stream that consists of these bytes. */
const partsOf = Effect.fnUntraced(function* (...bytes: ReadonlyArray<string | Uint8Array>) {
  const { url } = yield* serve((request, response) => {
    request.resume()
    response.writeHead(200, { "content-type": "text/event-stream" })
    void (async () => {
      for (const piece of bytes) {
        await new Promise<void>((written) => response.write(piece, () => written()))
        await new Promise((resume) => setImmediate(resume))
      }
      response.end()
    })()
  })
  const model = (yield* Effect.orDie(OpenAi.make({ baseUrl: url, timeout: "2 seconds" })))("m")
  return yield* Stream.runCollect(model.streamText({ prompt: "hi" }))
})

const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`
const delta = (value: object, finish_reason: string | null = null) =>
  data({ id: "r", choices: [{ index: 0, delta: value, finish_reason }] })
const end = `${delta({}, "stop")}data: [DONE]\n\n`
const textOf = (parts: ReadonlyArray<{ readonly type: string; readonly delta?: unknown }>) =>
  parts.map((part) => (part.type === "text-delta" ? part.delta : "")).join("")

describe("a stream may", () => {
  it.live("cut bytes anywhere, within a character and within a line", () =>
    Effect.gen(function* () {
      const bytes = new TextEncoder().encode(delta({ content: "né🙂" }) + end)
      const parts = yield* partsOf(...Array.from(bytes, (byte) => new Uint8Array([byte])))
      assert.strictEqual(textOf(parts), "né🙂")
    })
  )

  it.live("have comments, line ends of another system, empty lines and no space after data", () =>
    Effect.gen(function* () {
      const parts = yield* partsOf(
        ": keep-alive\r\n\r\n",
        delta({ content: "a" }).replaceAll("\n", "\r\n"),
        "\n\n\n",
        delta({ content: "b" }).replace("data: ", "data:"),
        end
      )
      assert.strictEqual(textOf(parts), "ab")
    })
  )

  it.live("begin and end with chunks without choices, and say nothing where it has nothing", () =>
    Effect.gen(function* () {
      const parts = yield* partsOf(
        data({ choices: [], prompt_filter_results: [] }),
        delta({ role: "assistant", content: null, refusal: null, tool_calls: null }),
        data({ choices: [{ delta: null }] }),
        delta({ content: "a" }),
        delta({}, "stop"),
        data({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 1.5 } }),
        "data: [DONE]\n\n"
      )
      assert.strictEqual(textOf(parts), "a")
      const finish = parts.find((part) => part.type === "finish")
      assert.strictEqual(finish?.usage.inputTokens.total, 3)
      assert.isUndefined(finish?.usage.outputTokens.total)
    })
  )

  it.live("leave [DONE] out once it has finished", () =>
    Effect.gen(function* () {
      const parts = yield* partsOf(delta({ content: "a" }), delta({}, "stop"))
      assert.strictEqual(textOf(parts), "a")
    })
  )

  it.live("go on in mid-word without end only until it is cut", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(partsOf(delta({ content: "a" }), 'data: {"cho'))
      assert.strictEqual(reasonOf(error)._tag, "Malformed")
    })
  )
})

describe("what is no chunk", () => {
  const wrong: ReadonlyArray<readonly [what: string, piece: string]> = [
    ["null", data(null)],
    ["a number", data(7)],
    ["an array", data([])],
    ["choices that are none", data({ choices: {} })],
    ["content that is no text", delta({ content: { a: 1 } })],
    ["a call that is none", delta({ tool_calls: [null] })],
    ["a reason that is none", data({ choices: [{ delta: {}, finish_reason: 7 }] })]
  ]
  for (const [what, piece] of wrong) {
    it.live(`fails: ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(partsOf(delta({ content: "a" }), piece, end))
        assert.strictEqual(reasonOf(error)._tag, "Malformed")
      })
    )
  }
})

describe("a stream that says much that is no text", () => {
  it.live("is read on while nothing of it can be told", () =>
    Effect.gen(function* () {
      const thoughts = Array.from({ length: 1000 }, () => delta({ reasoning_content: "hm " }))
      const parts = yield* partsOf(...thoughts, delta({ content: "a" }), end)
      assert.strictEqual(textOf(parts), "a")
    })
  )
})
