/** Memory and sources over HTTP, once as they are meant. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { at } from "./house.ts"
import { edit, remembering } from "./Remembered.ts"

describe("blocks", () => {
  it.live("[108] of a conversation's agent are read and changed", () =>
    Effect.gen(function* () {
      const { agent, as, block, conversation, open } = yield* remembering
      yield* open("own")
      const labels = (query: string) =>
        Effect.map(as(`${agent}/blocks${query}`), ({ json }) => {
          const items = at(json, "items")
          return Array.isArray(items) ? items.map((one) => at(one, "label")).sort() : []
        })
      assert.deepStrictEqual(yield* labels(""), ["human", "persona", "task", "task"])
      assert.deepStrictEqual(yield* labels(`?conversation=${conversation}`), [
        "human",
        "persona",
        "task"
      ])
      const { json, path } = yield* block("human")
      assert.deepStrictEqual(Object.keys(Object(json)), [
        "id",
        "label",
        "description",
        "value",
        "owner",
        "conversationId",
        "limit",
        "readOnly",
        "revision",
        "trust"
      ])
      const changed = yield* as(
        ...edit(path, { edit: { _tag: "Replace", old: "unknown", text: "Ann" }, expected: 1 })
      )
      assert.strictEqual(changed.status, 200, changed.text)
      assert.strictEqual(at(changed.json, "value"), "human: Ann")
      assert.strictEqual(at(changed.json, "revision"), 2)
      assert.deepStrictEqual((yield* block("human")).json, changed.json)
    })
  )

  it.live(
    "[108] of two writers who read the same revision one is refused, with the present one",
    () =>
      Effect.gen(function* () {
        const { as, block } = yield* remembering
        const { path } = yield* block("human")
        const answers = yield* Effect.forEach(
          ["one", "two", "three"],
          (text) => as(...edit(path, { edit: { _tag: "Rethink", text }, expected: 1 })),
          { concurrency: "unbounded" }
        )
        const refused = answers.filter(({ status }) => status === 409)
        assert.strictEqual(refused.length, 2)
        for (const { json } of refused) {
          assert.deepStrictEqual(at(json, "reason"), {
            _tag: "Conflict",
            what: "block",
            revision: 2
          })
        }
        // Without a revision each is applied to what is there: no line is lost.
        const lines = ["four", "five", "six"]
        yield* Effect.forEach(
          lines,
          (text) => as(...edit(path, { edit: { _tag: "Append", text } })),
          {
            concurrency: "unbounded"
          }
        )
        const { json } = yield* block("human")
        assert.strictEqual(at(json, "revision"), 5)
        for (const line of lines) assert.include(`${at(json, "value")}`, line)
      })
  )

  it.live("[065] hold 2,000 characters and refuse one more", () =>
    Effect.gen(function* () {
      const { as, block } = yield* remembering
      const { path } = yield* block("human")
      const rethink = (text: string) => as(...edit(path, { edit: { _tag: "Rethink", text } }))
      assert.strictEqual((yield* rethink("é".repeat(2000))).status, 200)
      assert.strictEqual((yield* rethink("🙂".repeat(2000))).status, 200)
      const refused = yield* rethink("x".repeat(2001))
      assert.strictEqual(refused.status, 400)
      assert.include(`${at(refused.json, "detail")}`, "2000")
      assert.include(`${at(refused.json, "detail")}`, "2001")
      assert.strictEqual(at(refused.json, "reason", "field"), "text")
      assert.strictEqual(at((yield* block("human")).json, "revision"), 3)
    })
  )

  it.live("[109] read-only ones are the operator's to write", () =>
    Effect.gen(function* () {
      const { acme, as, ask, block } = yield* remembering
      const { json, path } = yield* block("persona")
      assert.isTrue(at(json, "readOnly"))
      const body = { edit: { _tag: "Rethink", text: "A kind agent" } }
      const refused = yield* as(...edit(path, body))
      assert.strictEqual(refused.status, 403)
      assert.strictEqual(at(refused.json, "reason", "scope"), "operator")
      const written = yield* ask(path, { key: acme.operator, method: "PATCH", body })
      assert.strictEqual(at(written.json, "value"), "A kind agent")
      assert.strictEqual(at((yield* block("persona")).json, "value"), "A kind agent")
    })
  )

  it.live("[064] an unknown id is refused before anything is written", () =>
    Effect.gen(function* () {
      const { as } = yield* remembering
      const body = { edit: { _tag: "Append", text: "x" } }
      const answer = yield* as("/v1/blocks/block_nobody", { method: "PATCH", body })
      assert.strictEqual(answer.status, 404)
      assert.deepStrictEqual(at(answer.json, "reason"), { _tag: "NotFound", what: "block" })
    })
  )

  it.live("tell their history in pages, and go back in it", () =>
    Effect.gen(function* () {
      const { as, block } = yield* remembering
      const { path } = yield* block("human")
      for (const text of ["a", "b", "c"]) {
        yield* as(...edit(path, { edit: { _tag: "Rethink", text } }))
      }
      const first = yield* as(`${path}/history?limit=2`)
      assert.strictEqual(first.status, 200, first.text)
      assert.deepStrictEqual(
        [at(first.json, "items", "0", "value"), at(first.json, "items", "1", "value")],
        ["c", "b"]
      )
      assert.strictEqual(at(first.json, "items", "0", "by"), "alice")
      assert.isNull(at(first.json, "items", "0", "turnId"))
      const rest = yield* as(`${path}/history?limit=2&after=${at(first.json, "next")}`)
      assert.deepStrictEqual(at(rest.json, "items", "1"), {
        revision: 1,
        value: "human: unknown",
        by: null,
        turnId: null,
        at: null
      })
      assert.isNull(at(rest.json, "next"))
      const undone = yield* as(`${path}/undo`, { body: { to: 2 } })
      assert.strictEqual(at(undone.json, "value"), "a")
      assert.strictEqual(at(undone.json, "revision"), 5)
      assert.strictEqual((yield* as(`${path}/undo`, { body: { to: 5 } })).status, 400)
    })
  )
})

describe("passages", () => {
  it.live("[110] are inserted, listed, found by their words and deleted", () =>
    Effect.gen(function* () {
      const { agent, as } = yield* remembering
      const texts = ["Ann keeps herons", "Ann feeds frogs"]
      const made = yield* as(`${agent}/passages`, { body: { texts } })
      assert.strictEqual(made.status, 201, made.text)
      assert.strictEqual(at(made.json, "items", "length"), 2)
      const page = yield* as(`${agent}/passages?limit=1`)
      assert.deepStrictEqual(at(page.json, "items", "0"), at(made.json, "items", "0"))
      const next = encodeURIComponent(`${at(page.json, "next")}`)
      const rest = yield* as(`${agent}/passages?limit=1&after=${next}`)
      assert.deepStrictEqual(at(rest.json, "items", "0"), at(made.json, "items", "1"))
      assert.isNull(at(rest.json, "next"))
      const search = (query: string) => as(`${agent}/search`, { body: { query, limit: 5 } })
      const found = yield* search("which heron")
      assert.strictEqual(found.status, 200, found.text)
      assert.strictEqual(at(found.json, "items", "length"), 1)
      assert.deepStrictEqual(at(found.json, "items", "0", "item"), at(made.json, "items", "0"))
      assert.deepStrictEqual(at(found.json, "items", "0", "why"), ["heron"])
      const path = `/v1/passages/${at(made.json, "items", "0", "id")}`
      assert.strictEqual((yield* as(path, { method: "DELETE" })).status, 204)
      assert.strictEqual((yield* as(path, { method: "DELETE" })).status, 404)
      assert.strictEqual(at((yield* search("heron")).json, "items", "length"), 0)
    })
  )

  it.live("past messages are recalled with what was said around them", () =>
    Effect.gen(function* () {
      const { agent, as, conversation } = yield* remembering
      const say = (text: string) =>
        as(`/v1/conversations/${conversation}/turns`, {
          body: { text },
          headers: { accept: "text/event-stream" }
        })
      yield* say("My heron is called Ada")
      yield* say("Good night")
      const found = yield* as(`${agent}/recall`, { body: { query: "heron" } })
      assert.strictEqual(found.status, 200, found.text)
      const [first] = [at(found.json, "items", "0")]
      assert.strictEqual(at(first, "item", "parts", "0", "text"), "My heron is called Ada")
      assert.strictEqual(at(first, "conversationId"), conversation)
      assert.strictEqual(
        at(first, "after", "0", "parts", "0", "text"),
        "echo: My heron is called Ada"
      )
    })
  )
})

describe("sources", () => {
  it.live(
    "are synced by an operator, searched by users, and open where a citation comes from",
    () =>
      Effect.gen(function* () {
        const { acme, agent, as, ask } = yield* remembering
        const key = acme.operator
        const sync = (documents: ReadonlyArray<object>, chunk?: object) =>
          ask("/v1/sources/guide", { key, method: "PUT", body: { documents, chunk } })
        const text = `${"Frogs croak. ".repeat(6)}Herons nest in May.`
        const returns = { name: "returns.md", title: "Returns", text }
        const chunk = { size: 60, overlap: 10 }
        const synced = yield* sync([returns, { ...returns, name: "b" }], chunk)
        assert.strictEqual(synced.status, 200, synced.text)
        assert.deepStrictEqual(synced.json, { added: 2, changed: 0, unchanged: 0, removed: 0 })
        assert.deepStrictEqual((yield* sync([returns], chunk)).json, {
          added: 0,
          changed: 0,
          unchanged: 1,
          removed: 1
        })
        const listed = yield* ask("/v1/sources/guide/documents", { key })
        assert.strictEqual(at(listed.json, "items", "0", "title"), "Returns")
        assert.strictEqual(at(listed.json, "items", "0", "passages"), 2)
        const found = yield* as(`${agent}/search`, { body: { query: "herons" } })
        assert.strictEqual(at(found.json, "items", "0", "item", "source"), "guide")
        const passage = `/v1/passages/${at(found.json, "items", "0", "item", "id")}`
        const opened = yield* as(`${passage}/document`)
        assert.strictEqual(opened.status, 200, opened.text)
        assert.deepStrictEqual(opened.json, { source: "guide", ...returns, from: 50, to: 97 })
        assert.strictEqual(
          text.slice(Number(at(opened.json, "from")), Number(at(opened.json, "to"))),
          at(found.json, "items", "0", "item", "text")
        )
        assert.strictEqual((yield* as(passage, { method: "DELETE" })).status, 403)
        assert.strictEqual((yield* as("/v1/sources/guide/documents")).status, 403)
        for (const path of ["/v1/sources/guide", "/v1/sources/guide/documents/x"]) {
          const body = { documents: [], title: "", text: "" }
          assert.strictEqual((yield* as(path, { method: "PUT", body })).status, 403, path)
        }
        const remove = yield* as("/v1/sources/guide/documents/returns.md", { method: "DELETE" })
        assert.strictEqual(remove.status, 403)
      })
  )

  it.live("documents too many for one body come and go singly", () =>
    Effect.gen(function* () {
      const { acme, agent, as, ask } = yield* remembering
      const key = acme.operator
      const path = (name: string) => `/v1/sources/guide/documents/${encodeURIComponent(name)}`
      const save = (name: string, text: string) =>
        ask(path(name), { key, method: "PUT", body: { title: name, text } })
      const outcome = (name: string, text: string) =>
        Effect.map(save(name, text), ({ json }) => at(json, "outcome"))
      assert.strictEqual(yield* outcome("a/b é.md", "herons"), "added")
      assert.strictEqual(yield* outcome("a/b é.md", "herons"), "unchanged")
      assert.strictEqual(yield* outcome("a/b é.md", "frogs"), "changed")
      assert.strictEqual(yield* outcome("large", "heron ".repeat(170_000)), "added")
      const listed = yield* ask("/v1/sources/guide/documents?limit=1", { key })
      assert.strictEqual(at(listed.json, "items", "0", "name"), "a/b é.md")
      assert.strictEqual((yield* save("x", "x".repeat(1_100_000))).status, 413)
      const count = (query: string) =>
        Effect.map(as(`${agent}/search`, { body: { query } }), ({ json }) =>
          at(json, "items", "length")
        )
      assert.strictEqual(yield* count("frog"), 1)
      const remove = ask(path("a/b é.md"), { key, method: "DELETE" })
      assert.strictEqual((yield* remove).status, 204)
      assert.strictEqual((yield* remove).status, 404)
      assert.strictEqual(yield* count("frog"), 0)
      assert.strictEqual(yield* count("heron"), 10)
    })
  )
})
