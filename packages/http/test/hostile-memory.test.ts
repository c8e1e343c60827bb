/** Harmful input to the routes of memory, sources, decisions and the ledger, over two storages. */
import * as Sqlite from "@atrium/storage-sqlite/Sqlite"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Asked, at, house } from "./house.ts"
import * as Remembering from "./Remembering.ts"

const stores = [
  ["memory", undefined],
  ["SQLite", Layer.orDie(Sqlite.layer({ file: ":memory:" }))]
] as const

const strange = ["", "\u0000", "\ud800", "\udc00x", "x".repeat(500_000)] as const
/** No whole numbers of the range that is meant; the last as text of JSON only. */
const noNumbers = ["-1", "0", "1.5", "1e308", "-1e308", '"1"', '"NaN"', "null", "[]", "{}", "true"]

const kept = Effect.fnUntraced(function* (storage?: (typeof stores)[number][1]) {
  const built = yield* house({
    backend: Remembering.layer,
    ...(storage === undefined ? {} : { storage })
  })
  const key = yield* built.acme.user("alice")
  const opened = yield* built.ask("/v1/conversations", { key, body: { template: "own" } })
  const agent = `/v1/agents/${at(opened.json, "agentId")}`
  const as = (path: string, asked: Asked = {}) => built.ask(path, { key, ...asked })
  const blocks = yield* as(`${agent}/blocks`)
  const block = `/v1/blocks/${at(blocks.json, "items", "1", "id")}`
  assert.strictEqual(at(blocks.json, "items", "1", "label"), "human")
  const refused = Effect.fnUntraced(function* (
    statuses: number | ReadonlyArray<number>,
    path: string,
    asked: Asked = {}
  ) {
    const { headers, status, text } = yield* as(path, asked)
    const note = `${path} ${JSON.stringify(asked).slice(0, 200)}: ${text.slice(0, 300)}`
    assert.oneOf(status, typeof statuses === "number" ? [statuses] : [...statuses], note)
    assert.strictEqual(headers["content-type"], "application/problem+json", note)
    assert.isBelow(text.length, 1500, note)
    assert.notMatch(text, /node_modules|\.ts:|SQLITE|sql/i, note)
  })
  return { ...built, key, agent, as, block, refused }
})

describe("hostile input", () => {
  for (const [name, storage] of stores) {
    it.live(`edits are refused or applied whole, over ${name}`, () =>
      Effect.gen(function* () {
        const { as, block, refused } = yield* kept(storage)
        const patch = (raw: string): Asked => ({ method: "PATCH", raw })
        const edits = [
          "null",
          "[]",
          '"Append"',
          "{}",
          '{"_tag":"Append"}',
          '{"_tag":"append","text":"x"}',
          '{"_tag":"Delete","text":"x"}',
          '{"_tag":["Append"],"text":"x"}',
          '{"_tag":"__proto__","text":"x"}',
          '{"_tag":"constructor","text":"x"}',
          '{"_tag":"Append","text":1}',
          '{"_tag":"Append","text":null}',
          '{"_tag":"Replace","text":"x"}',
          '{"_tag":"Replace","old":"","text":"x"}',
          '{"_tag":"Replace","old":"nowhere","text":"x"}',
          String.raw`{"_tag":"Replace","old":"\ud800","text":"x"}`,
          '{"_tag":"Insert","text":"x"}',
          ...["2", "-2", "1.5", "1e308", '"0"', '"NaN"', "null"].map(
            (line) => `{"_tag":"Insert","line":${line},"text":"x"}`
          ),
          String.raw`{"_tag":"Rethink","text":"\ud800"}`,
          String.raw`{"_tag":"Append","text":"\udc00\ud800"}`,
          String.raw`{"_tag":"Append","text":"a\u0000b"}`,
          `{"_tag":"Rethink","text":"${"x".repeat(2001)}"}`,
          `{"_tag":"Append","text":"${"x".repeat(900_000)}"}`,
          `{"_tag":"Replace","old":"${"x".repeat(900_000)}","text":""}`,
          `{"_tag":"Replace","old":"unknown","text":"${"x".repeat(900_000)}"}`
        ]
        for (const edit of edits) yield* refused(400, block, patch(`{"edit":${edit}}`))
        yield* refused(400, block, patch("{}"))
        yield* refused(400, block, patch('{"_tag":"Rethink","text":"x"}'))
        for (const expected of noNumbers) {
          const raw = `{"edit":{"_tag":"Rethink","text":"x"},"expected":${expected}}`
          yield* refused(400, block, patch(raw))
        }
        for (const expected of ["2", "9007199254740991"]) {
          const raw = `{"edit":{"_tag":"Rethink","text":"x"},"expected":${expected}}`
          yield* refused(409, block, patch(raw))
        }
        for (const to of [...noNumbers, "1", "2", "9007199254740991"]) {
          yield* refused(400, `${block}/undo`, { raw: `{"to":${to}}` })
        }
        yield* refused(400, `${block}/undo`, { raw: "{}" })
        const history = yield* as(`${block}/history`)
        assert.strictEqual(at(history.json, "items", "length"), 1, "nothing was changed")
        const more = `{"edit":{"_tag":"Rethink","text":"x","line":-9},"readOnly":true,"limit":9}`
        const changed = yield* as(block, patch(more))
        assert.deepStrictEqual(
          [at(changed.json, "value"), at(changed.json, "readOnly"), at(changed.json, "limit")],
          ["x", false, 2000]
        )
      })
    )

    it.live(
      `cursors and limits of every list are refused or tell nothing foreign, over ${name}`,
      () =>
        Effect.gen(function* () {
          const { acme, agent, as, ask, block, refused } = yield* kept(storage)
          const cursors = [
            "",
            "%20",
            "-1",
            "0",
            "1.5",
            "1e3",
            "NaN",
            "x",
            "%00",
            "%01",
            "%EF%BF%BF"
          ]
          cursors.push("../..", "'--", "9".repeat(400), "block_x", "%F0%9F%99%82")
          for (const cursor of cursors) yield* refused(400, `${block}/history?after=${cursor}`)
          const beyond = yield* as(`${block}/history?after=999`)
          assert.strictEqual(at(beyond.json, "items", "length"), 1)
          for (const list of [
            `${agent}/passages`,
            "/v1/ledger/calls",
            "/v1/sources/guide/documents"
          ]) {
            for (const cursor of cursors) {
              const path = `${list}?after=${cursor}`
              const { headers, json, status, text } = yield* ask(path, { key: acme.operator })
              assert.oneOf(status, [200, 400], `${path}: ${text}`)
              if (status === 200) assert.deepStrictEqual(at(json, "items"), [], path)
              else assert.strictEqual(headers["content-type"], "application/problem+json", path)
            }
            for (const limit of ["0", "-1", "1001", "1.5", "1e308", "NaN", "", "x"]) {
              const { status, text } = yield* ask(`${list}?limit=${limit}`, { key: acme.operator })
              assert.strictEqual(status, 400, `${list} ${limit}: ${text}`)
            }
          }
          for (const limit of ["0", "-1", "1001", "1.5", "1e308", "NaN"]) {
            yield* refused(400, `${block}/history?limit=${limit}`)
          }
          for (const conversation of ["", "x", "%00", "%01", "'--"]) {
            const { json, status } = yield* as(`${agent}/blocks?conversation=${conversation}`)
            assert.strictEqual(status, 200, conversation)
            assert.strictEqual(at(json, "items", "length"), 2, `${conversation}: no task`)
          }
        })
    )

    it.live(`texts and queries that are none are refused or find nothing, over ${name}`, () =>
      Effect.gen(function* () {
        const { agent, as, refused } = yield* kept(storage)
        const bad: ReadonlyArray<unknown> = [
          undefined,
          null,
          "x",
          [],
          [1],
          [null],
          Array.from({ length: 101 }, () => "x"),
          ["x".repeat(8001)],
          ...strange.map((text) => ["fine", text]),
          ["fine", " \n\t "]
        ]
        for (const texts of bad) {
          yield* refused(400, `${agent}/passages`, { body: { texts } })
        }
        const { json } = yield* as(`${agent}/passages`)
        assert.deepStrictEqual(at(json, "items"), [], "all or none")
        for (const route of ["search", "recall"]) {
          const path = `${agent}/${route}`
          for (const query of ["", "  ", "x".repeat(2001), null, 1, ["x"], undefined]) {
            yield* refused(400, path, { body: { query } })
          }
          for (const query of ["\u0000", "a\u0000b", "\ud800", "\udc00x", "' OR 1=1 --", '%_*"(']) {
            const { status, text } = yield* as(path, { body: { query } })
            assert.oneOf(status, [200, 400], `${JSON.stringify(query)}: ${text}`)
            if (status === 200) assert.strictEqual(text, '{"items":[]}')
          }
          for (const limit of noNumbers.concat("101")) {
            yield* refused(400, path, { raw: `{"query":"x","limit":${limit}}` })
          }
        }
      })
    )

    it.live(`sources keep what they had, over ${name}`, () =>
      Effect.gen(function* () {
        const { acme, ask } = yield* kept(storage)
        const key = acme.operator
        const fine = { name: "a", title: "A", text: "herons" }
        const sync = (body: unknown, source = "guide") =>
          ask(`/v1/sources/${source}`, { key, method: "PUT", body })
        const refused = Effect.fnUntraced(function* (body: unknown, source?: string) {
          const { status, text } = yield* sync(body, source)
          assert.strictEqual(status, 400, `${JSON.stringify(body).slice(0, 200)}: ${text}`)
          assert.isBelow(text.length, 1500)
        })
        assert.strictEqual((yield* sync({ documents: [fine] })).status, 200)
        for (const documents of [
          undefined,
          null,
          {},
          "x",
          [null],
          [{}],
          [{ ...fine, title: undefined }],
          [{ ...fine, text: 1 }],
          [fine, fine],
          [fine, { ...fine, name: "" }],
          [fine, { ...fine, name: "\u0000" }],
          [fine, { ...fine, name: "\ud800" }],
          [fine, { ...fine, name: "x".repeat(256) }],
          [fine, { ...fine, name: "b", title: "x".repeat(257) }],
          [fine, { ...fine, name: "b", title: "\u0000" }],
          [fine, { ...fine, name: "b", text: "\ud800" }],
          [fine, { ...fine, name: "b", text: "a\u0000b" }],
          Array.from({ length: 10_001 }, (_, n) => ({ name: `${n}`, title: "", text: "" }))
        ]) {
          yield* refused({ documents })
        }
        for (const chunk of [
          null,
          {},
          { size: 0, overlap: 0 },
          { size: -1, overlap: 0 },
          { size: 10, overlap: 10 },
          { size: 10, overlap: -1 },
          { size: 1e308, overlap: 0 },
          { size: 1.5, overlap: 0 },
          { size: "10", overlap: 0 },
          { size: 4001, overlap: 0 }
        ]) {
          yield* refused({ documents: [fine], chunk })
        }
        yield* refused({ documents: [{ ...fine, text: "x".repeat(5001) }], chunk: small })
        for (const source of ["%00", "%01", "x".repeat(256)]) {
          yield* refused({ documents: [fine] }, source)
        }
        const path = "/v1/sources/guide/documents"
        for (const name of ["%00", "%01", "x".repeat(256)]) {
          const put = yield* ask(`${path}/${name}`, { key, method: "PUT", body: fine })
          assert.strictEqual(put.status, 400, put.text)
          const removed = yield* ask(`${path}/${name}`, { key, method: "DELETE" })
          assert.strictEqual(removed.status, 404, removed.text)
        }
        for (const more of [{ text: "\ud800" }, { title: "\u0000" }, { chunk: { size: 0 } }]) {
          const put = yield* ask(`${path}/a`, { key, method: "PUT", body: { ...fine, ...more } })
          assert.strictEqual(put.status, 400, put.text)
        }
        const { json } = yield* ask(path, { key })
        assert.strictEqual(at(json, "items", "length"), 1)
        assert.deepStrictEqual((yield* sync({ documents: [fine] })).json, {
          added: 0,
          changed: 0,
          unchanged: 1,
          removed: 0
        })
      })
    )

    it.live(`periods and ids that are none are refused, over ${name}`, () =>
      Effect.gen(function* () {
        const { acme, ask, as, refused } = yield* kept(storage)
        for (const value of [
          "",
          "x",
          "NaN",
          "Infinity",
          "1.5",
          "1e308",
          "9007199254740992",
          "null"
        ]) {
          yield* refused(400, `/v1/ledger/total?from=${value}&to=1`)
          yield* refused(400, `/v1/ledger/total?from=0&to=${value}`)
        }
        yield* refused(400, "/v1/ledger/total")
        for (const [from, to] of [
          [-1, 1],
          [1, 0],
          [-9007199254740991, 9007199254740991],
          [9007199254740991, 9007199254740991]
        ]) {
          const { json, text } = yield* as(`/v1/ledger/total?from=${from}&to=${to}`)
          assert.strictEqual(at(json, "calls"), 0, text)
        }
        for (const user of ["", "%00", "%01", "x".repeat(256)]) {
          const path = `/v1/ledger/total?from=0&to=1&user=${user}`
          assert.strictEqual((yield* ask(path, { key: acme.operator })).status, 400, user)
          yield* refused(403, path)
        }
        const ids = ["x", "%00", "%01", "a%01b", "%2F", "__proto__", "constructor", "'--"]
        ids.push("x".repeat(255), "%F0%9F%99%82")
        const body = { edit: { _tag: "Append", text: "x" } }
        for (const id of ids) {
          yield* refused(404, `/v1/agents/${id}/blocks`)
          yield* refused(404, `/v1/agents/${id}/passages`)
          yield* refused(404, `/v1/agents/${id}/passages`, { body: { texts: ["x"] } })
          yield* refused(404, `/v1/agents/${id}/search`, { body: { query: "x" } })
          yield* refused(404, `/v1/agents/${id}/recall`, { body: { query: "x" } })
          yield* refused(404, `/v1/blocks/${id}`, { method: "PATCH", body })
          yield* refused(404, `/v1/blocks/${id}/history`)
          yield* refused(404, `/v1/blocks/${id}/undo`, { body: { to: 1 } })
          yield* refused(404, `/v1/passages/${id}`, { method: "DELETE" })
          yield* refused(404, `/v1/passages/${id}/document`)
          yield* refused(404, `/v1/turns/${id}/decisions`, {
            body: { callId: "c1", approved: true }
          })
        }
      })
    )
  }
})

const small = { size: 1, overlap: 0 }
