/** Servers and networks that break off where they like: a call ends with an error of its own, at once. */
import { globalAgent } from "node:http"
import { reasonOf } from "@atrium/core/backend/ReasonOf"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { send, targetOf } from "../src/internal/send.ts"
import * as OpenAi from "../src/OpenAi.ts"
import { until, ways } from "./house.ts"
import { chunk, delta, either, head, wire } from "./wire.ts"

const said = (length: number | string) => `HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n`

const broken: ReadonlyArray<readonly [what: string, bytes: string]> = [
  ["an upgrade", "HTTP/1.1 101 Switching\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n"],
  ["an upgrade without a name", "HTTP/1.1 101 Switching\r\n\r\n"],
  ["no HTTP", "SSH-2.0-OpenSSH_9.6\r\n"],
  ["nothing", ""],
  ["a head that breaks off", "HTTP/1.1 200 OK\r\ncontent-ty"],
  ["a status that is none", "HTTP/1.1 abc OK\r\n\r\n"],
  ["a status below all", "HTTP/1.1 099 Low\r\ncontent-length: 0\r\n\r\n"],
  ["a status above all", "HTTP/1.1 999 High\r\ncontent-length: 0\r\n\r\n"],
  ["no content", "HTTP/1.1 204 No Content\r\n\r\n"],
  ["two lengths", `${said(5)}content-length: 6\r\n\r\n{}`],
  ["a length and chunks", `${said(5)}transfer-encoding: chunked\r\n\r\n{}`],
  ["a negative length", `${said(-5)}\r\n`],
  ["a head without measure", `${said(0)}x: ${"y".repeat(100_000)}\r\n\r\n`],
  [
    "a control character in a header",
    "HTTP/1.1 503 no\r\nx: a\u0001b\r\ncontent-length: 0\r\n\r\n"
  ],
  [
    "headers named as JavaScript's own",
    "HTTP/1.1 503 no\r\n__proto__: a\r\nconstructor: b\r\ncontent-length: 0\r\n\r\n"
  ],
  ["a body that breaks off", `${said(500)}\r\n{`],
  ["a refusal that breaks off", "HTTP/1.1 500 no\r\ncontent-length: 500\r\n\r\n{"],
  ["garbage for the length of a chunk", `${head}zz\r\nhello`],
  ["garbage after a chunk", `${head}${chunk(delta("a"))}zz\r\nhello`],
  ["chunks without end", `${head}${chunk(delta("a"))}`],
  ["trailers after no answer", `${head}0\r\nx-after: 1\r\n\r\n`],
  ["what it compressed, unasked", `${said(6)}content-encoding: gzip\r\n\r\n\u001f\u008b\b\0\0\0`]
]

describe("a server that answers", () => {
  for (const [way, ask] of ways) {
    for (const [then, leave] of [
      ["and ends", "end"],
      ["and resets", "resetAndDestroy"]
    ] as const) {
      for (const [what, bytes] of broken) {
        it.live(`${way}: ${what}, ${then}`, () =>
          Effect.gen(function* () {
            const { model, requests } = yield* wire(({ socket }) => {
              if (bytes === "") socket[leave]()
              else socket.write(bytes, "latin1", () => socket[leave]())
            })
            const began = performance.now()
            const { _tag } = reasonOf(yield* Effect.flip(ask(model)))
            assert.include(["Unreachable", "Malformed", "Rejected"], _tag)
            assert.isBelow(performance.now() - began, 2000, "it waits for nothing")
            assert.strictEqual(requests.length, 1)
          })
        )
      }
    }
  }
})

describe("a request is not sent again", () => {
  for (const [way, ask] of ways) {
    it.live(`${way}: where its answer broke off`, () =>
      Effect.gen(function* () {
        const { model, requests } = yield* wire(({ body, socket }, number) => {
          if (number === 1) return void socket.write(either(body))
          socket.write(`${head}${chunk(delta("a"))}`, () => {
            setTimeout(() => socket.resetAndDestroy(), 20)
          })
        })
        yield* ask(model)
        yield* Effect.sleep("5 millis")
        assert.strictEqual(reasonOf(yield* Effect.flip(ask(model)))._tag, "Unreachable")
        yield* Effect.sleep("50 millis")
        assert.strictEqual(requests.length, 2)
        assert.strictEqual(requests[0]?.socket, requests[1]?.socket, "over the kept connection")
      })
    )

    it.live(`${way}: where the server had it for a while`, () =>
      Effect.gen(function* () {
        const { model, requests } = yield* wire(({ body, socket }, number) => {
          if (number === 1) return void socket.write(either(body))
          setTimeout(() => socket.resetAndDestroy(), 1200)
        })
        yield* ask(model)
        yield* Effect.sleep("5 millis")
        assert.strictEqual(reasonOf(yield* Effect.flip(ask(model)))._tag, "Unreachable")
        assert.strictEqual(requests.length, 2)
      })
    )

    it.live(`${way}: where the server said that it works on it`, () =>
      Effect.gen(function* () {
        const { model, requests } = yield* wire(({ body, socket }, number) => {
          if (number === 1) return void socket.write(either(body))
          socket.write("HTTP/1.1 102 Processing\r\n\r\n", () => {
            setTimeout(() => socket.resetAndDestroy(), 20)
          })
        })
        yield* ask(model)
        yield* Effect.sleep("5 millis")
        assert.strictEqual(reasonOf(yield* Effect.flip(ask(model)))._tag, "Unreachable")
        assert.strictEqual(requests.length, 2)
      })
    )
  }
})

describe("a call that waits for a connection", () => {
  for (const [way, ask] of ways) {
    it.live(`${way}: waits no longer than it may`, () =>
      Effect.gen(function* () {
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            globalAgent.maxSockets = 1
          }),
          () =>
            Effect.sync(() => {
              globalAgent.maxSockets = Number.POSITIVE_INFINITY
            })
        )
        const { model, port, requests } = yield* wire(() => {})
        const hasty = yield* OpenAi.make({
          baseUrl: `http://127.0.0.1:${port}/v1`,
          timeout: "100 millis"
        })
        const first = yield* Effect.forkChild(Effect.flip(ask(model)))
        yield* until(() => requests.length === 1)
        const began = performance.now()
        const reason = reasonOf(yield* Effect.flip(ask(hasty("any"))))
        assert.isBelow(performance.now() - began, 2000)
        assert.deepStrictEqual(reason, { _tag: "TimedOut", afterMs: 100 })
        yield* Fiber.interrupt(first)
        assert.strictEqual(requests.length, 1)
      })
    )
  }
})

describe("a request whose caller is interrupted before it asks for the answer", () => {
  it.live("fails unheard, and the process lives", () =>
    Effect.gen(function* () {
      const unheard: Array<unknown> = []
      const hear = (cause: unknown): void => void unheard.push(cause)
      yield* Effect.acquireRelease(
        Effect.sync(() => process.on("unhandledRejection", hear)),
        () => Effect.sync(() => process.off("unhandledRejection", hear))
      )
      const { port, requests, sockets } = yield* wire(() => {})
      const url = new URL(`http://127.0.0.1:${port}/v1`)
      const sent = send(targetOf(url, new Headers()), "{}")
      yield* until(() => requests.length === 1)
      sent.abort()
      yield* until(() => [...sockets].every(({ destroyed }) => destroyed))
      yield* Effect.sleep("5 millis")
      assert.deepStrictEqual(unheard, [])
    })
  )
})

describe("a refusal that says something absurd", () => {
  for (const [way, ask] of ways) {
    it.live(`${way}: is still one of its status`, () =>
      Effect.gen(function* () {
        const message = `${"[".repeat(30_000)}${"]".repeat(30_000)}`
        const { model } = yield* wire(({ socket }) => {
          socket.end(`HTTP/1.1 503 no\r\n\r\n{"error":{"message":${message}}}`)
        })
        assert.strictEqual(reasonOf(yield* Effect.flip(ask(model)))._tag, "Unreachable")
      })
    )
  }
})
