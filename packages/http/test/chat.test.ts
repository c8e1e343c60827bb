/** `POST /chat`: one message of a user in, the reply out. */
import { AgentBackend, type Running } from "@atrium/core/backend/AgentBackend"
import { answer, textOf } from "@atrium/core/conversations/Message"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { at, house } from "./house.ts"
import * as Scripted from "./Scripted.ts"

/** Remembers names, one for each conversation. */
const recall = () => {
  const names = new Map<string, string>()
  return AgentBackend.layer(
    Effect.succeed({
      name: "recall",
      agents: {
        provision: ({ agentId }) => Effect.succeed(agentId),
        open: (_, conversation) => Effect.succeed(conversation),
        delete: () => Effect.void
      },
      turns: {
        run: Effect.fnUntraced(function* (turn: Running) {
          const name = /^My name is (\w+)$/.exec(textOf(turn.input))?.[1]
          if (name !== undefined) names.set(turn.conversationRef, name)
          const known = names.get(turn.conversationRef)
          const text =
            name !== undefined
              ? `Hello, ${name}`
              : known === undefined
                ? "I do not know your name"
                : `Your name is ${known}`
          yield* turn.commit(
            [{ _tag: "MessageStored", message: answer(`${turn.turn.id}.1`, text) }],
            { stop: "answered" }
          )
          return "answered" as const
        })
      }
    })
  )
}

describe("chat", () => {
  it.live("[074] four requests of two users give each its own name back", () =>
    Effect.gen(function* () {
      const scopes = ["turns", "act-as"]
      const { ask } = yield* house({
        backend: recall(),
        resolver: TenantResolver.layerSingle({ tenant: "acme", scopes })
      })
      const chat = (user_id: string, message: string) =>
        Effect.map(ask("/chat", { body: { user_id, message } }), (answer) => {
          assert.strictEqual(answer.status, 200, answer.text)
          assert.strictEqual(answer.headers["content-type"], "application/json")
          return answer.text
        })
      yield* chat("user-a", "My name is Alice")
      assert.strictEqual(
        yield* chat("user-a", "What is my name?"),
        `{"user_id":"user-a","reply":"Your name is Alice"}`
      )
      yield* chat("user-b", "My name is Bob")
      assert.strictEqual(
        yield* chat("user-b", "What is my name?"),
        `{"user_id":"user-b","reply":"Your name is Bob"}`
      )
    })
  )

  it.live("user_id is believed from a key with act-as only, and within its tenant", () =>
    Effect.gen(function* () {
      const { acme, ask, globex } = yield* house({ backend: recall() })
      const body = { user_id: "alice", message: "My name is Alice" }
      const chat = (key: string, more: object = {}) =>
        ask("/chat", { key, body: { ...body, ...more } })
      const { secret: server } = yield* acme.key({ scopes: ["turns", "act-as"] })
      const { secret: other } = yield* globex.key({ scopes: ["turns", "act-as"] })
      assert.strictEqual((yield* chat(server)).status, 200)
      const question = { message: "What is my name?" }
      assert.strictEqual(
        at((yield* chat(other, question)).json, "reply"),
        "I do not know your name"
      )
      assert.strictEqual(
        at((yield* chat(server, { ...question, user_id: "Alice" })).json, "reply"),
        "I do not know your name"
      )
      const refused = yield* chat(yield* acme.user("alice"))
      assert.deepStrictEqual(
        [refused.status, at(refused.json, "reason")],
        [403, { _tag: "Forbidden", scope: "act-as" }]
      )
      const empty = yield* chat(server, { user_id: "" })
      assert.deepStrictEqual(
        [empty.status, at(empty.json, "detail")],
        [400, "userID cannot be empty"]
      )
      assert.strictEqual((yield* ask("/chat", { body })).status, 401)
    })
  )

  it.live("[TRN-3] a request with an id is one turn, however often it comes", () =>
    Effect.gen(function* () {
      const script = yield* Scripted.make
      const { acme, ask, globex } = yield* house({ backend: Scripted.layer(script) })
      const { secret: key } = yield* acme.key({ scopes: ["turns", "act-as"] })
      const body = { user_id: "alice", message: "hold", id: "k-1" }
      const chat = (more: object = {}, as = key) =>
        ask("/chat", { key: as, body: { ...body, ...more } })
      // Both wait for the same turn, as they do whose first request lost its answer.
      const lost = yield* Effect.forkChild(chat())
      while (script.runs === 0) yield* Effect.sleep(1)
      const repeated = yield* Effect.forkChild(chat())
      yield* Effect.sleep(20)
      yield* Deferred.succeed(script.gate, undefined)
      const [first, second] = [yield* Fiber.join(lost), yield* Fiber.join(repeated)]
      assert.deepStrictEqual(first.json, { user_id: "alice", reply: "echo: hold" })
      assert.deepStrictEqual(second.json, first.json)
      assert.deepStrictEqual((yield* chat()).json, first.json)
      assert.strictEqual(script.runs, 1)
      const other = yield* chat({ message: "something else" })
      assert.deepStrictEqual([other.status, at(other.json, "reason", "_tag")], [409, "Conflict"])
      assert.strictEqual(script.runs, 1)
      // Somebody else's id is somebody else's.
      const { secret: foreign } = yield* globex.key({ scopes: ["turns", "act-as"] })
      assert.strictEqual((yield* chat({ user_id: "bob", message: "hi" })).status, 200)
      assert.strictEqual((yield* chat({ message: "hi" }, foreign)).status, 200)
      assert.strictEqual(script.runs, 3)
      for (const id of ["", "x".repeat(65), "a\u0000"]) {
        const refused = yield* chat({ id })
        assert.deepStrictEqual(
          [refused.status, at(refused.json, "reason", "field")],
          [400, "id"],
          refused.text
        )
      }
    })
  )

  it.live("[TRN-3] a failure is replayed under its id too", () =>
    Effect.gen(function* () {
      const script = yield* Scripted.make
      const { acme, ask } = yield* house({ backend: Scripted.layer(script) })
      const body = { user_id: "alice", message: "break", id: "k-1" }
      const failed = yield* ask("/chat", { key: acme.operator, body })
      const again = yield* ask("/chat", { key: acme.operator, body })
      assert.deepStrictEqual([failed.status, again.status], [500, 500])
      assert.deepStrictEqual(again.json, failed.json)
      assert.strictEqual(script.runs, 1)
    })
  )

  it.live("an app that names no template for it does not offer it", () =>
    Effect.gen(function* () {
      const { acme, ask } = yield* house({ chatless: true })
      const refused = yield* ask("/chat", {
        key: acme.operator,
        body: { user_id: "alice", message: "hi" }
      })
      assert.deepStrictEqual(
        [refused.status, at(refused.json, "reason")],
        [422, { _tag: "Unsupported", capability: "chat" }]
      )
    })
  )
})
