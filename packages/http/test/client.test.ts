/** The typed client against our server, against servers of other versions, and against none. */

import { existsSync, readFileSync } from "node:fs"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { dirname, join } from "node:path"
import { TurnId } from "@atrium/core/ids"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { AtriumClient, Problem } from "@atrium/http/client"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { house } from "./house.ts"

const backOff = { firstMs: 1, mostMs: 4, tries: 3 }

const clientOf = (port: number, key?: string) =>
  AtriumClient.make({
    url: `http://localhost:${port}`,
    backOff,
    ...(key === undefined ? {} : { credential: Redacted.make(key) })
  }).pipe(Effect.provide(FetchHttpClient.layer))

/** A server that says what a test wants, and counts how often it was asked. */
const saying = (listener: RequestListener) =>
  Effect.acquireRelease(
    Effect.callback<{
      readonly port: number
      readonly asked: () => number
      readonly close: () => void
    }>((resume) => {
      let asked = 0
      const server = createServer((request, response) => {
        asked += 1
        listener(request, response)
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        const close = (): void => {
          server.closeAllConnections()
          server.close()
        }
        resume(Effect.succeed({ port, asked: () => asked, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const problem =
  (status: number, reason: unknown): RequestListener =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/problem+json" })
    response.end(
      JSON.stringify({ type: "about:blank", title: "T", status, detail: "why", reason, more: 1 })
    )
  }

const id = TurnId("turn_x")

describe("client", () => {
  it.live("[102] speaks to a server with a credential, and to one on loopback without", () =>
    Effect.gen(function* () {
      const keyed = yield* house()
      const single = yield* house({
        resolver: TenantResolver.layerSingle({ tenant: "acme", scopes: ["turns"] })
      })
      for (const client of [
        yield* clientOf(keyed.port, yield* keyed.acme.user("alice")),
        yield* clientOf(single.port)
      ]) {
        const conversation = yield* client.conversations.resolve({
          payload: { template: "support" }
        })
        const events = yield* Stream.runCollect(
          client.stream({ conversation: conversation.id, text: "hello" })
        )
        assert.strictEqual(events.at(-1)?._tag, "TurnFinished")
        const page = yield* client.conversations.messages({
          params: { id: conversation.id },
          query: { limit: 1 }
        })
        assert.strictEqual(page.items[0]?.role, "user")
        assert.notProperty(client.turns, "follow", "it would not come back by itself")
        assert.isTrue(Option.isSome(page.next))
      }
      const stranger = yield* clientOf(keyed.port)
      const refused = yield* Effect.flip(stranger.limits.left())
      assert.instanceOf(refused, Problem)
    })
  )

  it.live("a credential that is an effect is asked for at every request", () =>
    Effect.gen(function* () {
      const { acme, port } = yield* house()
      const key = yield* acme.user("alice")
      let asked = 0
      const client = yield* AtriumClient.make({
        url: `http://localhost:${port}/`,
        credential: Effect.sync(() => {
          asked += 1
          return Redacted.make(key)
        })
      }).pipe(Effect.provide(FetchHttpClient.layer))
      const { id: conversation } = yield* client.conversations.start({
        payload: { template: "support", title: "t" }
      })
      yield* Stream.runDrain(client.stream({ conversation, text: "hello" }))
      assert.strictEqual(asked, 3)
    })
  )

  it.live("a secret stays redacted on its way through the client", () =>
    Effect.gen(function* () {
      const { acme, port } = yield* house()
      const client = yield* clientOf(port, acme.operator)
      const { key, secret } = yield* client.keys.token({ payload: { userId: "alice" } })
      assert.strictEqual(key.user, "alice")
      assert.notInclude(JSON.stringify({ secret }), "atr_")
      const user = yield* clientOf(port, Redacted.value(secret))
      assert.isArray((yield* user.conversations.list({ query: {} })).items)
    })
  )

  it.live("a refusal is a Problem with its reason, and says when to come again", () =>
    Effect.gen(function* () {
      const limited = yield* saying(problem(429, { _tag: "RateLimited", retryAfterMs: 1001 }))
      const error = yield* Effect.flip((yield* clientOf(limited.port)).limits.left())
      assert.instanceOf(error, Problem)
      if (error._tag !== "Problem") return
      assert.strictEqual(error.status, 429)
      assert.strictEqual(error.retryAfter, 2)
      assert.strictEqual(error.message, "why")
    })
  )

  it.live("what a newer or foreign server answers is an error, never a crash", () =>
    Effect.gen(function* () {
      const newer = yield* saying(problem(409, { _tag: "Sleeping", until: 1 }))
      const unknown = yield* Effect.flip((yield* clientOf(newer.port)).limits.left())
      assert.deepStrictEqual(unknown._tag === "Problem" && unknown.reason, {
        _tag: "Unknown",
        name: "Sleeping"
      })
      const odd: ReadonlyArray<RequestListener> = [
        problem(418, { _tag: "NotFound", what: "tea" }),
        (_, response) => response.writeHead(502, { "content-type": "text/html" }).end("<html>"),
        (_, response) => response.writeHead(404).end(),
        (_, response) => response.writeHead(200, { "content-type": "application/json" }).end("{"),
        (_, response) => response.writeHead(200, { "content-type": "application/json" }).end("{}"),
        (_, response) =>
          response.writeHead(409, { "content-type": "application/problem+json" }).end("[]"),
        (_, response) => response.destroy()
      ]
      for (const [index, listener] of odd.entries()) {
        const { port } = yield* saying(listener)
        const exit = yield* Effect.exit((yield* clientOf(port)).limits.left())
        assert.strictEqual(exit._tag, "Failure", `${index}`)
        if (exit._tag === "Failure") {
          assert.isFalse(
            exit.cause.reasons.some(({ _tag }) => _tag === "Die"),
            `${index}`
          )
        }
      }
    })
  )

  it.live(
    "events of a newer server are Unknown, and a failure of an unknown reason still ends",
    () =>
      Effect.gen(function* () {
        const usage = { input: 0, cached: 0, output: 0, reasoning: 0, microUsd: null }
        const told = [
          { _tag: "Dreamt", sequence: 1, at: 1, of: "sheep" },
          { _tag: "TextDelta", sequence: "x" },
          [1],
          {
            _tag: "TurnFailed",
            sequence: 2,
            at: 1,
            reason: { _tag: "Asleep" },
            message: "It slept.",
            usage
          }
        ]
        const { asked, port } = yield* saying((_, response) => {
          response.writeHead(200, { "content-type": "text/event-stream" })
          response.write(": hello\n\nretry: 5\n\nevent: ping\n\nid: 0\ndata: no json\n\n")
          response.end(
            told.map((event, n) => `id: ${n + 1}\ndata: ${JSON.stringify(event)}\n\n`).join("")
          )
        })
        const events = yield* Stream.runCollect((yield* clientOf(port)).follow(id))
        assert.deepStrictEqual(
          events.map((event) => (event._tag === "Unknown" ? [event._tag, event.name] : event._tag)),
          [["Unknown", "Dreamt"], ["Unknown", "TextDelta"], ["Unknown", ""], "TurnFailed"]
        )
        assert.strictEqual(asked(), 1)
      })
  )

  it.live("[138] what waiting does not mend fails at once, without a second try", () =>
    Effect.gen(function* () {
      for (const [status, reason] of [
        [401, { _tag: "Unauthenticated", by: "atrium" }],
        [403, { _tag: "Forbidden", scope: "turns" }],
        [404, { _tag: "NotFound", what: "turn" }],
        [410, { _tag: "Gone", what: "turn" }],
        [400, { _tag: "Rejected", field: "after", why: "no" }]
      ] as const) {
        const { asked, port } = yield* saying(problem(status, reason))
        const error = yield* Effect.flip(Stream.runDrain((yield* clientOf(port)).follow(id)))
        assert.deepStrictEqual(error._tag === "Problem" && error.reason, reason)
        assert.strictEqual(asked(), 1)
      }
    })
  )

  it.live("what may pass is tried again, a bounded number of times", () =>
    Effect.gen(function* () {
      const odd: ReadonlyArray<RequestListener> = [
        problem(503, { _tag: "Internal" }),
        (_, response) => response.writeHead(502).end("<html>"),
        (_, response) => response.destroy(),
        (_, response) =>
          response.writeHead(200, { "content-type": "text/event-stream" }).end(":\n\n")
      ]
      for (const listener of odd) {
        const { asked, port } = yield* saying(listener)
        yield* Effect.flip(Stream.runDrain((yield* clientOf(port)).follow(id)))
        assert.strictEqual(asked(), backOff.tries + 1)
      }
      const nobody = yield* Effect.flip(Stream.runDrain((yield* clientOf(1)).follow(id)))
      assert.isTrue(HttpClientError.isHttpClientError(nobody))
    })
  )

  it.live(
    "a server that tells the same again at every return is told once, and left in the end",
    () =>
      Effect.gen(function* () {
        const started = {
          _tag: "TurnStarted",
          sequence: 1,
          at: 0,
          turnId: id,
          conversationId: "conv_1",
          agentId: "agent_1",
          input: { id: "msg_1", turnId: id, role: "user", parts: [], partial: false, at: 0 }
        }
        // As one behind a proxy that drops Last-Event-ID.
        const { asked, port } = yield* saying((_, response) =>
          response
            .writeHead(200, { "content-type": "text/event-stream" })
            .end(`id: 1\ndata: ${JSON.stringify(started)}\n\n`)
        )
        const read: Array<string> = []
        const error = yield* (yield* clientOf(port)).follow(id).pipe(
          Stream.take(50),
          Stream.runForEach(({ _tag }) => Effect.sync(() => read.push(_tag))),
          Effect.flip
        )
        assert.strictEqual(error._tag, "Problem")
        assert.deepStrictEqual(read, ["TurnStarted"])
        assert.strictEqual(asked(), backOff.tries + 1)
      })
  )

  it("imports nothing of Node and nothing of the server, however deep", () => {
    const root = join(import.meta.dirname, "..", "..", "..")
    const seen = new Set<string>()
    const outside: Array<string> = []
    const visit = (file: string): void => {
      if (seen.has(file)) return
      seen.add(file)
      const code = readFileSync(file, "utf8")
      for (const [, type, specifier = ""] of code.matchAll(
        /^(?:import|export)\s(type\s)?[^"']*?from\s*"([^"]+)"/gm
      )) {
        if (type !== undefined) continue
        const core = /^@atrium\/core\/(.*)$/.exec(specifier)?.[1]
        if (specifier.startsWith(".")) visit(join(dirname(file), specifier))
        else if (core !== undefined) visit(join(root, "packages/core/src", `${core}.ts`))
        else if (!specifier.startsWith("effect/")) outside.push(`${file}: ${specifier}`)
      }
    }
    const entry = join(root, "packages/http/src/client/index.ts")
    assert.isTrue(existsSync(entry))
    visit(entry)
    assert.isAbove(seen.size, 15)
    assert.deepStrictEqual(outside, [])
    assert.deepStrictEqual(
      [...seen].filter((file) => /http\/src\/(?:server|Node|Web)/.test(file)),
      []
    )
  })
})
