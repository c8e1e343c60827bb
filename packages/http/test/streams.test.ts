/** How many event streams of one user may be open, and that each gives its place back. */
import { connect, type Socket } from "node:net"
import * as Web from "@atrium/http/Web"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { at, core, eventsIn, house, type Setting, tenant } from "./house.ts"
import * as Scripted from "./Scripted.ts"

const eventStream = { accept: "text/event-stream" }

/** A server with a turn that is held, and readers of it over sockets of their own. */
const held = Effect.fnUntraced(function* (options: Setting["options"] = {}) {
  const script = yield* Scripted.make
  const { acme, ask, globex, port } = yield* house({ backend: Scripted.layer(script), options })
  const sockets = new Set<Socket>()
  const vanish = Effect.sync(() => {
    for (const socket of sockets) socket.destroy()
  })
  yield* Effect.addFinalizer(() => vanish)
  const user = Effect.fnUntraced(function* (whose: typeof acme, name: string) {
    const key = yield* whose.user(name)
    const opened = yield* ask("/v1/conversations", { key, body: { template: "support" } })
    const turns = `/v1/conversations/${at(opened.json, "id")}/turns`
    const sent = yield* ask(turns, { key, body: { text: "hold" } })
    const events = `/v1/turns/${at(sent.json, "id")}/events`
    /** Opens a stream; answers its status once the head is there, and the socket. */
    const open = (method = "GET", path = events, body?: string) =>
      Effect.callback<{ readonly status: number; readonly socket: Socket; readonly head: string }>(
        (resume) => {
          const socket = connect(port, "127.0.0.1")
          sockets.add(socket)
          let head = ""
          socket.on("error", () => undefined)
          socket.on("close", () => sockets.delete(socket))
          socket.on("data", (chunk: Buffer) => {
            head += chunk.toString("latin1")
            const status = /^HTTP\/1\.1 (\d+)(?:.|\r\n)*\r\n\r\n/.exec(head)?.[1]
            if (status !== undefined)
              resume(Effect.succeed({ status: Number(status), socket, head }))
          })
          const sends = body === undefined ? "" : `content-length: ${body.length}\r\n`
          socket.write(
            `${method} ${path} HTTP/1.1\r\nhost: localhost:${port}\r\nauthorization: Bearer ${key}\r\n` +
              `accept: text/event-stream\r\ncontent-type: application/json\r\n${sends}\r\n${body ?? ""}`
          )
        }
      )
    const openMany = (count: number) =>
      Effect.all(
        Array.from({ length: count }, () => open()),
        { concurrency: "unbounded" }
      )
    /** How many are let in of `count` that are opened at a time. */
    const letIn = Effect.fnUntraced(function* (count: number) {
      const opened = yield* openMany(count)
      for (const { status } of opened) assert.include([200, 429], status)
      return opened.flatMap(({ socket, status }) => (status === 200 ? socket : []))
    })
    /** Until as many places as that are free again. */
    const free = Effect.fnUntraced(function* (count: number, after: string) {
      for (let tries = 0; tries < 100; tries++) {
        const got = yield* letIn(count)
        for (const socket of got) socket.destroy()
        yield* Effect.sleep(20)
        if (got.length === count) return
      }
      assert.fail(`${count} streams cannot be opened after ${after}`)
    })
    return { key, turns, events, open, openMany, letIn, free }
  })
  return { acme, ask, globex, script, user, vanish }
})

describe("open streams", () => {
  it.live(
    "32 of a user and no more, counted for each user of each tenant",
    () =>
      Effect.gen(function* () {
        const { acme, ask, globex, user } = yield* held()
        const alice = yield* user(acme, "alice")
        assert.lengthOf(yield* alice.letIn(80), 32)
        const refused = yield* ask(alice.events, { key: alice.key })
        assert.strictEqual(refused.status, 429, refused.text)
        assert.strictEqual(refused.headers["content-type"], "application/problem+json")
        assert.deepStrictEqual(at(refused.json, "reason"), {
          _tag: "TooManyStreams",
          open: 32,
          retryAfterMs: 1000
        })
        assert.strictEqual(refused.headers["retry-after"], "1")
        // The same user with another key is the same user.
        const other = yield* ask(alice.events, { key: yield* acme.user("alice") })
        assert.strictEqual(other.status, 429)
        // What is no stream is answered.
        assert.strictEqual((yield* ask("/v1/limits", { key: alice.key })).status, 200)
        for (const whose of [yield* user(acme, "bob"), yield* user(globex, "alice")]) {
          assert.strictEqual((yield* whose.open()).status, 200)
        }
      }),
    30_000
  )

  it.live("a send that asks for events is refused before its turn begins", () =>
    Effect.gen(function* () {
      const { acme, ask, script, user } = yield* held({ streams: 2 })
      const alice = yield* user(acme, "alice")
      yield* alice.openMany(2)
      const body = { text: "hello", id: "k-1", onBusy: "interrupt" }
      const refused = yield* ask(alice.turns, { key: alice.key, headers: eventStream, body })
      assert.strictEqual(at(refused.json, "reason", "_tag"), "TooManyStreams", refused.text)
      assert.strictEqual(script.runs, 1)
      // Without events it is a request like any other.
      const sent = yield* ask(alice.turns, { key: alice.key, body })
      assert.strictEqual(sent.status, 202)
    })
  )

  it.live(
    "give their places back: cut, ended, refused, or never read",
    () =>
      Effect.gen(function* () {
        const { acme, ask, script, user, vanish } = yield* held({ streams: 4 })
        const alice = yield* user(acme, "alice")
        const { key } = alice
        const full = (after: string) => alice.free(4, after)
        // Readers that vanish, in the middle of the stream and before its head.
        for (let round = 0; round < 10; round++) {
          yield* alice.openMany(4)
          yield* vanish
          yield* full("readers that were cut")
        }
        for (let round = 0; round < 10; round++) {
          yield* Effect.timeoutOption(alice.openMany(4), round % 5)
          yield* vanish
          yield* full("readers that left before the head")
        }
        // A request that names no turn, a cursor that is none, and one without a body.
        for (let times = 0; times < 8; times++) {
          assert.strictEqual((yield* ask("/v1/turns/turn_0/events", { key })).status, 404)
          assert.strictEqual((yield* ask(`${alice.events}?after=x`, { key })).status, 400)
          const head = yield* alice.open("HEAD")
          assert.strictEqual(head.status, 200)
          head.socket.destroy()
          const bad = yield* ask(alice.turns, { key, headers: eventStream, body: { text: "" } })
          assert.strictEqual(bad.status, 400)
        }
        yield* full("requests that were refused")
        // A send that is told its events, and vanishes.
        const queued = yield* alice.open("POST", alice.turns, JSON.stringify({ text: "hi" }))
        assert.strictEqual(queued.status, 200)
        queued.socket.destroy()
        yield* full("a send that was left")
        // The turn ends, and with it its streams.
        yield* alice.openMany(4)
        yield* Deferred.succeed(script.gate, undefined)
        yield* full("their turn")
        const told = yield* ask(alice.events, { key })
        assert.strictEqual(at(eventsIn(told.text).at(-1)?.data, "_tag"), "TurnFinished")
        // Nothing more to tell: 204.
        const last = eventsIn(told.text).at(-1)?.id
        for (let times = 0; times < 8; times++) {
          assert.strictEqual((yield* ask(`${alice.events}?after=${last}`, { key })).status, 204)
        }
        yield* full("streams that had nothing to tell")
      }),
    60_000
  )

  it.live("are counted by the web handler too", () =>
    Effect.gen(function* () {
      const script = yield* Scripted.make
      const built = yield* Layer.build(core({ backend: Scripted.layer(script) }))
      const key = yield* (yield* Effect.provide(tenant("acme"), built)).user("alice")
      const { dispose, handler } = Web.make(
        { hosts: ["api.example.com"], origins: [], streams: 1 },
        Layer.succeedContext(built)
      )
      yield* Effect.addFinalizer(() => Effect.promise(dispose))
      const ask = (path: string, body?: object, accept = "application/json") =>
        Effect.promise(() =>
          handler(
            new Request(`http://api.example.com${path}`, {
              headers: {
                authorization: `Bearer ${key}`,
                "content-type": "application/json",
                accept
              },
              ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) })
            })
          )
        )
      const opened = yield* ask("/v1/conversations", { template: "support" })
      const turns = `/v1/conversations/${at(yield* Effect.promise(() => opened.json()), "id")}/turns`
      const first = yield* ask(turns, { text: "hold" }, "text/event-stream")
      assert.strictEqual(first.status, 200)
      const events = `/v1/turns/${first.headers.get("atrium-turn")}/events`
      assert.strictEqual((yield* ask(events)).status, 429)
      yield* Effect.promise(async () => await first.body?.cancel())
      let again = yield* ask(events)
      for (let tries = 0; tries < 100 && again.status === 429; tries++) {
        yield* Effect.sleep(10)
        again = yield* ask(events)
      }
      assert.strictEqual(again.status, 200)
      yield* Effect.promise(async () => await again.body?.cancel())
    })
  )
})
