/** The typed client on the routes of memory, sources and the ledger. */
import { AtriumClient, Problem } from "@atrium/http/client"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { house } from "./house.ts"
import * as Remembering from "./Remembering.ts"

const clients = Effect.gen(function* () {
  const { acme, port } = yield* house({ backend: Remembering.layer })
  const clientOf = (secret: string) =>
    AtriumClient.make({
      url: `http://localhost:${port}`,
      credential: Redacted.make(secret)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  return {
    alice: yield* clientOf(yield* acme.user("alice")),
    operator: yield* clientOf(acme.operator)
  }
})

describe("client", () => {
  it.live("reads and writes memory in core's own types", () =>
    Effect.gen(function* () {
      const { alice } = yield* clients
      const { memory } = alice
      const { agentId, id } = yield* alice.conversations.resolve({ payload: { template: "own" } })
      yield* Stream.runDrain(alice.stream({ conversation: id, text: "I keep herons" }))
      const params = { id: agentId }
      const { items } = yield* memory.blocks({ params, query: { conversation: id } })
      const human = items.find(({ label }) => label === "human")
      if (human === undefined) return assert.fail("no block")
      assert.isTrue(Option.isNone(human.conversationId))
      const block = { id: human.id }
      const edited = yield* memory.edit({
        params: block,
        payload: { edit: { _tag: "Insert", line: -1, text: "Ann" }, expected: human.revision }
      })
      assert.strictEqual(edited.value, "human: unknown\nAnn")
      const late = yield* Effect.flip(
        memory.edit({
          params: block,
          payload: { edit: { _tag: "Rethink", text: "" }, expected: human.revision }
        })
      )
      assert.instanceOf(late, Problem)
      if (late._tag !== "Problem") return
      assert.deepStrictEqual(late.reason, { _tag: "Conflict", what: "block", revision: 2 })
      const { items: revisions } = yield* memory.history({ params: block, query: { limit: 1 } })
      assert.deepStrictEqual(revisions[0]?.by, Option.some("alice"))
      const undone = yield* memory.undo({ params: block, payload: { to: 1 } })
      assert.strictEqual(undone.value, human.value)
      const made = yield* memory.insert({ params, payload: { texts: ["Ann keeps herons"] } })
      const listed = yield* memory.passages({ params, query: {} })
      assert.deepStrictEqual(listed.items, made.items)
      const [hit] = (yield* memory.search({ params, payload: { query: "heron" } })).items
      assert.deepStrictEqual(hit?.item, made.items[0])
      const recalled = yield* memory.recall({ params, payload: { query: "heron", limit: 1 } })
      assert.strictEqual(recalled.items[0]?.conversationId, id)
      for (const passage of made.items) yield* memory.delete({ params: { id: passage.id } })
      const none = yield* memory.passages({ params, query: {} })
      assert.deepStrictEqual([none.items, none.next], [[], Option.none()])
    })
  )

  it.live("changes sources, opens citations and reads the ledger", () =>
    Effect.gen(function* () {
      const { alice, operator } = yield* clients
      const { agentId, id } = yield* alice.conversations.resolve({ payload: { template: "own" } })
      const source = "guide"
      const text = "Herons nest in May."
      const synced = yield* operator.sources.sync({
        params: { source },
        payload: { documents: [{ name: "a b/c", title: "Birds", text }] }
      })
      assert.strictEqual(synced.added, 1)
      const params = { source, name: "a b/c" }
      const saved = yield* operator.sources.save({ params, payload: { title: "Birds", text } })
      assert.strictEqual(saved.outcome, "unchanged")
      const { items } = yield* operator.sources.list({ params: { source }, query: {} })
      assert.deepStrictEqual(
        items.map(({ name }) => name),
        ["a b/c"]
      )
      const found = yield* alice.memory.search({
        params: { id: agentId },
        payload: { query: "herons" }
      })
      const [hit] = found.items
      if (hit === undefined) return assert.fail("nothing found")
      const { from, to, ...opened } = yield* alice.sources.open({ params: { id: hit.item.id } })
      assert.deepStrictEqual(opened, { source, name: "a b/c", title: "Birds", text })
      assert.strictEqual(text.slice(from, to), hit.item.text)
      yield* operator.sources.delete({ params })
      yield* Stream.runDrain(alice.stream({ conversation: id, text: "hello" }))
      const period = { from: 0, to: Number.MAX_SAFE_INTEGER }
      const own = yield* alice.ledger.total({ query: period })
      assert.strictEqual(own.turns, 1)
      assert.deepStrictEqual(
        yield* operator.ledger.total({ query: { ...period, user: "alice" } }),
        own
      )
      const calls = yield* alice.ledger.calls({ query: {} })
      assert.deepStrictEqual(calls.items[0]?.userId, Option.some("alice"))
      assert.strictEqual(calls.items[0]?.usage.microUsd, 7)
    })
  )
})
