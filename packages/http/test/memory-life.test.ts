/** An agent with what it keeps, from the beginning to the end; and who may ask for it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Asked, at } from "./house.ts"
import { edit, remembering } from "./Remembered.ts"

describe("agents", () => {
  it.live("[062] are there, with their blocks, before the first message is sent", () =>
    Effect.gen(function* () {
      const { agent, as, conversation } = yield* remembering
      assert.strictEqual(at((yield* as(agent)).json, "owner"), "alice")
      const blocks = yield* as(`${agent}/blocks`)
      assert.strictEqual(at(blocks.json, "items", "length"), 3)
      const { json } = yield* as(`/v1/conversations/${conversation}`)
      assert.strictEqual(at(json, "length"), 0)
    })
  )

  it.live(
    "[106] are made, configured, used, watched, updated and deleted, with all they kept",
    () =>
      Effect.gen(function* () {
        const { acme, agent, as, ask, block, conversation } = yield* remembering
        yield* as(agent, { method: "PATCH", body: { tags: ["trial"] } })
        const sent = yield* as(`/v1/conversations/${conversation}/turns`, {
          body: { text: "I keep herons" },
          headers: { accept: "text/event-stream" }
        })
        const turn = `/v1/turns/${sent.headers["atrium-turn"]}`
        const { path } = yield* block("human")
        yield* as(...edit(path, { edit: { _tag: "Append", text: "Keeps herons" } }))
        const made = yield* as(`${agent}/passages`, { body: { texts: ["Ann keeps herons"] } })
        const passage = `/v1/passages/${at(made.json, "items", "0", "id")}`
        const calls = yield* as("/v1/ledger/calls")
        assert.strictEqual(at(calls.json, "items", "0", "conversationId"), conversation)
        assert.deepStrictEqual(at((yield* as("/v1/agents?tags=trial")).json, "items", "length"), 1)
        const paths: ReadonlyArray<readonly [string, Asked]> = [
          [agent, {}],
          [`${agent}/blocks`, {}],
          [`${agent}/passages`, {}],
          [`${agent}/search`, { body: { query: "herons" } }],
          [`${agent}/recall`, { body: { query: "herons" } }],
          [`${path}/history`, {}],
          [`/v1/conversations/${conversation}`, {}],
          [turn, {}]
        ]
        for (const [one, asked] of paths) {
          assert.strictEqual((yield* as(one, asked)).status, 200, one)
        }
        assert.strictEqual((yield* as(agent, { method: "DELETE" })).status, 403)
        const removed = yield* ask(agent, { key: acme.operator, method: "DELETE" })
        assert.strictEqual(removed.status, 204, removed.text)
        for (const [one, asked] of paths) {
          assert.strictEqual((yield* as(one, asked)).status, 404, one)
        }
        assert.strictEqual((yield* as(passage, { method: "DELETE" })).status, 404)
        assert.strictEqual(at((yield* as("/v1/ledger/calls")).json, "items", "length"), 1)
      })
  )
})

describe("scopes", () => {
  it.live("each route asks for its own, and an operator reaches the tenant's users", () =>
    Effect.gen(function* () {
      const { acme, agent, ask, block } = yield* remembering
      const { path } = yield* block("human")
      const { secret: turns } = yield* acme.key({ user: "alice", scopes: ["turns"] })
      const { secret: memory } = yield* acme.key({ user: "alice", scopes: ["memory"] })
      const change = { edit: { _tag: "Append", text: "x" } }
      const routes: ReadonlyArray<readonly [string, string, Asked]> = [
        ["memory", `${agent}/blocks`, {}],
        ["memory", path, { method: "PATCH", body: change }],
        ["memory", `${path}/history`, {}],
        ["memory", `${path}/undo`, { body: { to: 1 } }],
        ["memory", `${agent}/passages`, {}],
        ["memory", `${agent}/passages`, { body: { texts: ["x"] } }],
        ["memory", `${agent}/search`, { body: { query: "x" } }],
        ["memory", `${agent}/recall`, { body: { query: "x" } }],
        ["memory", "/v1/passages/x", { method: "DELETE" }],
        ["memory", "/v1/passages/x/document", {}],
        ["turns", "/v1/ledger/calls", {}],
        ["turns", "/v1/ledger/total?from=0&to=1", {}],
        ["turns", "/v1/turns/x/decisions", { body: { callId: "c", approved: true } }],
        ["operator", "/v1/sources/guide", { method: "PUT", body: { documents: [] } }],
        ["operator", "/v1/sources/guide/documents", {}],
        ["operator", "/v1/sources/guide/documents/x", { method: "DELETE" }],
        [
          "operator",
          "/v1/sources/guide/documents/x",
          { method: "PUT", body: { title: "", text: "" } }
        ]
      ]
      for (const [scope, route, asked] of routes) {
        const stranger = yield* ask(route, asked)
        assert.strictEqual(stranger.status, 401, route)
        const key = scope === "turns" ? memory : turns
        const refused = yield* ask(route, { ...asked, key })
        assert.strictEqual(refused.status, 403, `${route}: ${refused.text}`)
        assert.deepStrictEqual(at(refused.json, "reason"), { _tag: "Forbidden", scope })
      }
      const read = yield* ask(`${agent}/blocks`, { key: acme.operator })
      assert.strictEqual(at(read.json, "items", "length"), 3, read.text)
      const written = yield* ask(path, { key: acme.operator, method: "PATCH", body: change })
      assert.strictEqual(at(written.json, "revision"), 2)
    })
  )
})
