/** Every route, once as it is meant. */

import { connect } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { at, eventsIn, house } from "./house.ts"
import * as Scripted from "./Scripted.ts"

describe("routes", () => {
  it.live("a turn is begun, followed, found and told again", () =>
    Effect.gen(function* () {
      const { acme, ask } = yield* house()
      const key = yield* acme.user("alice")
      const opened = yield* ask("/v1/conversations", {
        key,
        method: "PUT",
        body: { template: "support" }
      })
      assert.strictEqual(opened.status, 200, opened.text)
      const id = at(opened.json, "id")
      const sent = yield* ask(`/v1/conversations/${id}/turns`, { key, body: { text: "hello" } })
      assert.strictEqual(sent.status, 202, sent.text)
      const turn = at(sent.json, "id")
      const told = yield* ask(`/v1/turns/${turn}/events`, { key })
      assert.strictEqual(told.status, 200, told.text)
      assert.deepStrictEqual(
        eventsIn(told.text).map(({ data, id }) => [id, at(data, "_tag")]),
        [
          ["1", "TurnStarted"],
          ["2", "MessageStored"],
          ["3", "TurnFinished"]
        ]
      )
      const over = yield* ask(`/v1/turns/${turn}/events`, {
        key,
        headers: { "last-event-id": "3" }
      })
      assert.strictEqual(over.status, 204)
    })
  )

  it.live("conversations: the same one of a key, a new one, pages, the transcript, deletion", () =>
    Effect.gen(function* () {
      const { acme, ask } = yield* house()
      const key = yield* acme.user("alice")
      const resolve = (body: object) => ask("/v1/conversations", { key, method: "PUT", body })
      const once = yield* resolve({ template: "support", key: "k" })
      const again = yield* resolve({ template: "support", key: "k" })
      assert.strictEqual(once.text, again.text)
      const id = at(once.json, "id")
      const started = yield* ask("/v1/conversations", {
        key,
        body: { template: "support", title: "Support chat for alice" }
      })
      assert.strictEqual(started.status, 201)
      assert.strictEqual(at(started.json, "title"), "Support chat for alice")
      assert.strictEqual(at(started.json, "userId"), "alice")
      const first = yield* ask("/v1/conversations?limit=1", { key })
      assert.strictEqual(at(first.json, "items", "0", "id"), id)
      const next = encodeURIComponent(`${at(first.json, "next")}`)
      const second = yield* ask(`/v1/conversations?limit=1&after=${next}`, { key })
      assert.strictEqual(at(second.json, "items", "0", "id"), at(started.json, "id"))
      assert.isNull(at(second.json, "next"))
      const newest = yield* ask("/v1/conversations?newestFirst=true", { key })
      assert.strictEqual(at(newest.json, "items", "0", "id"), at(started.json, "id"))
      yield* ask("/chat", { key: acme.operator, body: { user_id: "alice", message: "hi" } })
      const talked = yield* resolve({ template: "support" })
      const told = yield* ask(`/v1/conversations/${at(talked.json, "id")}/messages`, { key })
      assert.strictEqual(at(told.json, "items", "1", "parts", "0", "text"), "echo: hi")
      const gone = yield* ask(`/v1/conversations/${id}`, { key, method: "DELETE" })
      assert.deepStrictEqual([gone.status, gone.text], [204, ""])
      assert.strictEqual((yield* ask(`/v1/conversations/${id}`, { key })).status, 404)
      assert.strictEqual((yield* resolve({ template: "nobody" })).status, 404)
    })
  )

  it.live("turns: found, sent again with the same id, cancelled", () =>
    Effect.gen(function* () {
      const script = yield* Scripted.make
      const { acme, ask } = yield* house({ backend: Scripted.layer(script) })
      const key = yield* acme.user("alice")
      const opened = yield* ask("/v1/conversations", { key, body: { template: "support" } })
      const path = `/v1/conversations/${at(opened.json, "id")}/turns`
      const sent = yield* ask(path, { key, body: { text: "hold", id: "k" } })
      const again = yield* ask(path, { key, body: { text: "hold", id: "k" } })
      assert.strictEqual(at(again.json, "id"), at(sent.json, "id"))
      const turn = `/v1/turns/${at(sent.json, "id")}`
      assert.strictEqual((yield* ask(`${turn}/cancel`, { key, method: "POST" })).status, 204)
      const told = yield* ask(`${turn}/events`, { key })
      assert.strictEqual(at(eventsIn(told.text).at(-1)?.data, "stop"), "cancelled")
      assert.strictEqual(at((yield* ask(turn, { key })).json, "state"), "finished")
      const late = yield* ask(`${turn}/cancel`, { key, method: "POST" })
      assert.strictEqual(late.status, 409)
    })
  )

  it.live("agents: listed by tag, tagged, deleted by an operator", () =>
    Effect.gen(function* () {
      const { acme, ask } = yield* house()
      const key = yield* acme.user("alice")
      const opened = yield* ask("/v1/conversations", { key, body: { template: "own" } })
      const path = `/v1/agents/${at(opened.json, "agentId")}`
      const tagged = yield* ask(path, { key, method: "PATCH", body: { tags: ["a", "b"] } })
      assert.deepStrictEqual(at(tagged.json, "tags"), ["a", "b"])
      const count = (query: string) =>
        Effect.map(ask(`/v1/agents${query}`, { key }), ({ json }) => at(json, "items", "length"))
      assert.strictEqual(yield* count("?tags=a"), 1)
      assert.strictEqual(yield* count("?tags=a&tags=b"), 1)
      assert.strictEqual(yield* count("?tags=a&tags=c"), 0)
      assert.strictEqual((yield* ask(path, { key, method: "DELETE" })).status, 403)
      const removed = yield* ask(path, { key: acme.operator, method: "DELETE" })
      assert.strictEqual(removed.status, 204)
      assert.strictEqual((yield* ask(path, { key })).status, 404)
    })
  )

  it.live("users are saved by an operator and found by themselves", () =>
    Effect.gen(function* () {
      const { acme, ask } = yield* house()
      const body = { name: "Alice", properties: { plan: "pro", seats: 3, trial: false } }
      const saved = yield* ask("/v1/users/alice", { key: acme.operator, method: "PUT", body })
      assert.deepStrictEqual(saved.json, { id: "alice", ...body })
      const found = yield* ask("/v1/users/alice", { key: yield* acme.user("alice") })
      assert.deepStrictEqual(found.json, saved.json)
      assert.strictEqual(
        (yield* ask("/v1/users/alice", { key: yield* acme.user("bob") })).status,
        404
      )
    })
  )
})

describe("event streams", () => {
  it.effect("a silent stream says that it lives, every 15 seconds", () =>
    Effect.gen(function* () {
      const script = yield* Scripted.make
      const { acme, ask } = yield* house({ backend: Scripted.layer(script) })
      const key = yield* acme.user("alice")
      const opened = yield* ask("/v1/conversations", { key, body: { template: "support" } })
      const reading = yield* Effect.forkChild(
        ask(`/v1/conversations/${at(opened.json, "id")}/turns`, {
          key,
          headers: { accept: "text/event-stream" },
          body: { text: "hold" }
        })
      )
      while (script.runs === 0) yield* Effect.promise(() => new Promise(setImmediate))
      for (let beat = 0; beat < 4; beat++) {
        yield* Effect.promise(() => new Promise((resume) => setTimeout(resume, 20)))
        yield* TestClock.adjust("15 seconds")
      }
      yield* Deferred.succeed(script.gate, undefined)
      const { text } = yield* Fiber.join(reading)
      assert.strictEqual(text.split("\n\n").filter((block) => block === ":").length, 4, text)
      assert.strictEqual(at(eventsIn(text).at(-1)?.data, "_tag"), "TurnFinished")
    })
  )

  it.live(
    "a reader that does not read holds up neither the turn nor another reader",
    () =>
      Effect.gen(function* () {
        const script = yield* Scripted.make
        const { acme, ask, port } = yield* house({ backend: Scripted.layer(script) })
        const key = yield* acme.user("alice")
        const opened = yield* ask("/v1/conversations", { key, body: { template: "support" } })
        const path = `/v1/conversations/${at(opened.json, "id")}/turns`
        const sent = yield* ask(path, { key, body: { text: "flood 1000" } })
        const turn = `${at(sent.json, "id")}`
        const lazy = connect(port, "127.0.0.1")
        yield* Effect.addFinalizer(() => Effect.sync(() => lazy.destroy()))
        lazy.on("error", () => undefined)
        lazy.pause()
        lazy.write(
          `GET /v1/turns/${turn}/events HTTP/1.1\r\nhost: localhost:${port}\r\n` +
            `authorization: Bearer ${key}\r\n\r\n`
        )
        const told = yield* ask(`/v1/turns/${turn}/events`, { key })
        assert.strictEqual(at(eventsIn(told.text).at(-1)?.data, "_tag"), "TurnFinished")
      }),
    30_000
  )
})
