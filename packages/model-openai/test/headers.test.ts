/** What a request says of itself, wherever its server is. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { targetOf } from "../src/internal/send.ts"
import * as OpenAi from "../src/OpenAi.ts"
import { ways } from "./house.ts"
import { either, wire } from "./wire.ts"

/** Runs `self` while the environment has these headers to be added. */
const adding = <A, E, R>(headers: string, self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      process.env["OPENAI_CUSTOM_HEADERS"] = headers
    }),
    () => self,
    () =>
      Effect.sync(() => {
        delete process.env["OPENAI_CUSTOM_HEADERS"]
      })
  )

/** The lines of the head of a request with these headers added. */
const linesWith = Effect.fnUntraced(function* (headers: string) {
  const { model, port, requests } = yield* adding(
    headers,
    wire(({ body, socket }) => socket.write(either(body)))
  )
  for (const [, ask] of ways) assert.strictEqual(yield* ask(model), "ok")
  return { lines: (requests[0]?.head ?? "").toLowerCase().split("\r\n"), port }
})

const named = (lines: ReadonlyArray<string>, name: string) =>
  lines.filter((line) => line.startsWith(`${name}:`))

describe("headers of the environment", () => {
  it.live("are sent", () =>
    Effect.gen(function* () {
      const { lines, port } = yield* linesWith("X-Team: bots\nAuthorization: Bearer gate")
      assert.deepStrictEqual(named(lines, "x-team"), ["x-team: bots"])
      assert.deepStrictEqual(named(lines, "authorization"), ["authorization: bearer gate"])
      assert.deepStrictEqual(named(lines, "host"), [`host: 127.0.0.1:${port}`])
    })
  )

  it.live("name another host in place of the server's own", () =>
    Effect.gen(function* () {
      const { lines } = yield* linesWith("Host: gate.example")
      assert.deepStrictEqual(named(lines, "host"), ["host: gate.example"])
    })
  )

  it.live("do not say how a request is written, nor how its answer is to be", () =>
    Effect.gen(function* () {
      const { lines } = yield* linesWith(
        "Content-Length: 3\nTransfer-Encoding: chunked\nAccept-Encoding: gzip\nExpect: 100-continue\nUpgrade: h2c\nTrailer: x"
      )
      assert.strictEqual(named(lines, "content-length").length, 1)
      assert.notInclude(lines, "content-length: 3")
      for (const name of ["transfer-encoding", "accept-encoding", "expect", "upgrade", "trailer"])
        assert.deepStrictEqual(named(lines, name), [], name)
    })
  )

  for (const [what, line] of [
    ["a name", "bad name: s3cret"],
    ["a value", "x: s3cret €"],
    ["no name", ": s3cret"]
  ] as const) {
    it.live(`that no request can have are refused: ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          adding(line, OpenAi.make({ baseUrl: "http://127.0.0.1:9/v1" }))
        )
        assert.deepInclude(error.reason, { _tag: "Rejected", field: "OPENAI_CUSTOM_HEADERS" })
        assert.notInclude(JSON.stringify(error), "s3cret")
      })
    )
  }
})

describe("where a request goes", () => {
  for (const [url, host, hostname, port, path] of [
    ["http://[::1]:8080/v1", "[::1]:8080", "::1", 8080, "/v1"],
    ["https://api.example:443/v1", "api.example", "api.example", undefined, "/v1"],
    ["http://api.example:443/v1", "api.example:443", "api.example", 443, "/v1"],
    [
      "http://bücher.example/ä b/%2F/v1",
      "xn--bcher-kva.example",
      "xn--bcher-kva.example",
      undefined,
      "/%C3%A4%20b/%2F/v1"
    ],
    ["http://a.example/x/../v1", "a.example", "a.example", undefined, "/v1"]
  ] as const) {
    it(url, () => {
      const { headers, options } = targetOf(new URL(url), new Headers())
      assert.deepStrictEqual(headers, ["host", host])
      assert.strictEqual(options.hostname, hostname)
      assert.strictEqual(options.port || undefined, port)
      assert.strictEqual(options.path, path)
    })
  }

  it.live("keeps the path of the base URL", () =>
    Effect.gen(function* () {
      const { model, requests } = yield* wire(({ body, socket }) => socket.write(either(body)), {
        path: "/a%2Fb/ü/v1//"
      })
      yield* ways[0][1](model)
      assert.include(requests[0]?.head, "POST /a%2Fb/%C3%BC/v1/chat/completions HTTP/1.1")
    })
  )
})
