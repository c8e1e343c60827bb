/** Input that means harm: whatever comes, the answer is a problem and the server goes on. */
import { connect } from "node:net"
import * as Sqlite from "@atrium/storage-sqlite/Sqlite"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Answered, at, house } from "./house.ts"

const opened = Effect.gen(function* () {
  const built = yield* house()
  const key = yield* built.acme.user("alice")
  const { json } = yield* built.ask("/v1/conversations", { key, body: { template: "support" } })
  const conversation = `${at(json, "id")}`
  const sent = yield* built.ask(`/v1/conversations/${conversation}/turns`, {
    key,
    body: { text: "hello" }
  })
  return { ...built, key, conversation, turn: `${at(sent.json, "id")}` }
})

const isRefused = (answer: Answered, status: number, note: string): void => {
  assert.strictEqual(answer.status, status, `${note}: ${answer.text.slice(0, 300)}`)
  assert.strictEqual(answer.headers["content-type"], "application/problem+json", note)
  assert.isBelow(answer.text.length, 1500, note)
  assert.notMatch(answer.text, /node_modules|\.ts:|at .*\(/, note)
}

describe("hostile bodies", () => {
  it.live("are refused with 400, 413 or 415, whatever is in them", () =>
    Effect.gen(function* () {
      const { ask, conversation, key } = yield* opened
      const path = `/v1/conversations/${conversation}/turns`
      const send = (raw: string | Uint8Array, headers = {}) => ask(path, { key, raw, headers })
      const bad: ReadonlyArray<readonly [note: string, raw: string | Uint8Array]> = [
        ["nothing", ""],
        ["no JSON", "{"],
        ["no UTF-8", Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d)],
        ["null", "null"],
        ["a number", "1"],
        ["an array", "[]"],
        ["a text", JSON.stringify("hello")],
        ["no text", "{}"],
        ["text is null", JSON.stringify({ text: null })],
        ["text is an object", JSON.stringify({ text: { toString: "x" } })],
        ["text is long and wrong", JSON.stringify({ text: ["x".repeat(900_000)] })],
        ["NUL", JSON.stringify({ text: "a\u0000b" })],
        ["a lone surrogate", String.raw`{"text":"\ud800"}`],
        ["too long", JSON.stringify({ text: "x".repeat(100_001) })],
        ["a bad id", JSON.stringify({ text: "x", id: "x".repeat(65) })],
        ["a bad onBusy", JSON.stringify({ text: "x", onBusy: "wait" })],
        ["text only in the prototype", `{"__proto__":{"text":"x"}}`],
        ["text only in a constructor", `{"constructor":{"prototype":{"text":"x"}}}`],
        ["deep arrays", "[".repeat(500_000)],
        ["deep, closed", `${"[".repeat(200_000)}${"]".repeat(200_000)}`],
        ["deep in text", `{"text":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
        ["deep objects in text", `{"text":${`{"a":`.repeat(50_000)}1${"}".repeat(50_000)}}`],
        ["a very long number", `{"text":${"9".repeat(500_000)}}`]
      ]
      for (const [note, raw] of bad) isRefused(yield* send(raw), 400, note)
      isRefused(yield* send("x".repeat(2 * 1024 * 1024)), 413, "2 MiB")
      isRefused(
        yield* send(JSON.stringify({ text: "x" }), { "content-type": "text/plain" }),
        415,
        "plain text"
      )
      isRefused(
        yield* send("text=x", { "content-type": "application/x-www-form-urlencoded" }),
        415,
        "a form"
      )
      isRefused(
        yield* send(JSON.stringify({ text: "x" }), { "content-type": "application/jsonx" }),
        415,
        "nearly JSON"
      )
      const fine = yield* send(`{"text":"x","__proto__":{"admin":true},"more":1}`, {
        "content-type": "Application/JSON; charset=utf-8"
      })
      assert.strictEqual(fine.status, 202, fine.text)
      assert.isUndefined(Reflect.get({}, "admin"))
      const { json } = yield* ask(`/v1/conversations/${conversation}`, { key })
      assert.strictEqual(at(json, "length"), 4)
    })
  )

  it.live("a body without a length is cut off at 1 MiB too", () =>
    Effect.gen(function* () {
      const { conversation, key, port } = yield* opened
      const answer = yield* Effect.callback<string>((resume) => {
        const socket = connect(port, "127.0.0.1")
        let text = ""
        socket.on("data", (chunk) => {
          text += chunk.toString()
        })
        socket.on("close", () => resume(Effect.succeed(text)))
        socket.on("error", () => resume(Effect.succeed(text)))
        socket.write(
          `POST /v1/conversations/${conversation}/turns HTTP/1.1\r\nhost: localhost:${port}\r\n` +
            `authorization: Bearer ${key}\r\ncontent-type: application/json\r\n` +
            "transfer-encoding: chunked\r\n\r\n"
        )
        const chunk = `10000\r\n${" ".repeat(0x10000)}\r\n`
        const write = (left: number): void => {
          if (left > 0 && !socket.destroyed) socket.write(chunk, () => write(left - 1))
        }
        write(32)
        return Effect.sync(() => socket.destroy())
      })
      assert.match(answer, /^HTTP\/1\.1 413 /)
      assert.include(answer, "application/problem+json")
    })
  )
})

describe("hostile headers", () => {
  it.live("credentials that are none are refused alike", () =>
    Effect.gen(function* () {
      const { ask, key } = yield* opened
      const of = (authorization: string | ReadonlyArray<string>) =>
        ask("/v1/conversations", { headers: { authorization } })
      const answers = yield* Effect.forEach(
        [
          "",
          "Bearer",
          "Bearer ",
          key,
          `Basic ${Buffer.from(`a:${key}`).toString("base64")}`,
          `Bearer ${key}x`,
          `Bearer x${key}`,
          `Bearer ${key} ${key}`,
          `Bearer ${key},`,
          `Bearer ${"x".repeat(12_000)}`,
          [`Bearer ${key}`, `Bearer ${key}`],
          ["Bearer x", `Bearer ${key}`],
          [`Bearer ${key}`, "Bearer x"]
        ],
        of
      )
      for (const answer of answers) isRefused(answer, 401, "credential")
      assert.strictEqual(new Set(answers.map(({ text }) => text)).size, 1)
      assert.strictEqual((yield* of(`bearer ${key}`)).status, 200)
    })
  )

  it.live("huge ones are refused by Node before they are read", () =>
    Effect.gen(function* () {
      const { ask, key } = yield* opened
      const huge = yield* ask("/health/live", { headers: { "x-more": "x".repeat(20_000) } })
      assert.strictEqual(huge.status, 431)
      assert.strictEqual((yield* ask("/v1/conversations", { key })).status, 200)
    })
  )

  it.live("cursors that are none are refused, those beyond the end tell nothing", () =>
    Effect.gen(function* () {
      const { ask, key, turn } = yield* opened
      const path = `/v1/turns/${turn}/events`
      yield* ask(path, { key })
      const bad = ["x", "-1", "1.5", "1.2", "1.2.3.4.5", "1e3", " ", "1\t", "9".repeat(400), "0x1"]
      for (const cursor of bad) {
        const headers = { "last-event-id": cursor }
        if (cursor.trim() !== "" && !cursor.endsWith("\t")) {
          isRefused(yield* ask(path, { key, headers }), 400, `header ${cursor}`)
        }
        const query = `${path}?after=${encodeURIComponent(cursor)}`
        isRefused(yield* ask(query, { key }), 400, `query ${cursor}`)
      }
      for (const cursor of ["999999999", "3", "4"]) {
        const answer = yield* ask(path, { key, headers: { "last-event-id": cursor } })
        assert.strictEqual(answer.status, 204, cursor)
      }
      const both = yield* ask(`${path}?after=1`, { key, headers: { "last-event-id": "3" } })
      assert.strictEqual(both.status, 204, "the header says where a reader is now")
    })
  )
})

describe("hostile paths", () => {
  const stores = [
    ["memory", undefined],
    ["SQLite", Layer.orDie(Sqlite.layer({ file: ":memory:" }))]
  ] as const
  for (const [name, storage] of stores) {
    it.live(`ids that nobody made are unknown, over ${name}`, () =>
      Effect.gen(function* () {
        const { acme, ask } = yield* house(storage === undefined ? {} : { storage })
        const key = yield* acme.user("alice")
        const ids = [
          "x",
          "%00",
          "%01",
          "a%01b",
          "%2F",
          "%2e%2e%2f",
          "%20",
          "%F0%9F%99%82",
          "__proto__",
          "constructor",
          "'%20or%201=1--",
          "x".repeat(255),
          "%61".repeat(255)
        ]
        for (const id of ids) {
          for (const [kind, path] of [
            ["conversation", `/v1/conversations/${id}`],
            ["conversation", `/v1/conversations/${id}/messages`],
            ["turn", `/v1/turns/${id}`],
            ["turn", `/v1/turns/${id}/events`],
            ["agent", `/v1/agents/${id}`]
          ] as const) {
            const answer = yield* ask(path, { key })
            isRefused(answer, 404, path)
            assert.strictEqual(at(answer.json, "reason", "what"), kind, path)
          }
        }
        for (const path of [
          "/v1/turns/%zz",
          "/v1/turns/%ED%A0%80",
          "/v1/turns/%",
          `/v1/turns/${"x".repeat(5000)}`
        ]) {
          const answer = yield* ask(path, { key })
          assert.oneOf(answer.status, [400, 404], path)
          assert.strictEqual(answer.headers["content-type"], "application/problem+json", path)
        }
      })
    )
  }

  it.live("user ids hold any character, and are the same ones again", () =>
    Effect.gen(function* () {
      const { acme, ask } = yield* house()
      const key = acme.operator
      const ids = ["a/b", "a%2Fb", "é🙂", "a b", "?", "#", "..", "a".repeat(255), "é".repeat(127)]
      for (const id of ids) {
        const path = `/v1/users/${encodeURIComponent(id)}`
        const body = { name: id, properties: { plan: "pro" } }
        const saved = yield* ask(path, { key, method: "PUT", body })
        assert.strictEqual(saved.status, 200, `${id}: ${saved.text}`)
        assert.strictEqual(at((yield* ask(path, { key })).json, "id"), id)
      }
      const { json } = yield* ask("/v1/users", { key })
      assert.strictEqual(at(json, "items", "length"), ids.length)
      const keys = { name: "x", properties: { ["k".repeat(500_000)]: [] } }
      const told = yield* ask("/v1/users/x", { key, method: "PUT", body: keys })
      isRefused(told, 400, "a long key")
      const long = `/v1/users/${"é".repeat(128)}`
      isRefused(
        yield* ask(encodeURI(long), { key, method: "PUT", body: { name: "", properties: {} } }),
        400,
        "256 bytes"
      )
    })
  )
})
