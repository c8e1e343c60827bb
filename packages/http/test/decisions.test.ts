/** Turns that wait for a person, over HTTP and with the client; and the ledger of what was used. */
import { TurnId } from "@atrium/core/ids"
import * as Cursor from "@atrium/core/turns/Cursor"
import { AtriumClient, type ReadEvent } from "@atrium/http/client"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { at, eventsIn, house } from "./house.ts"
import * as Remembering from "./Remembering.ts"

const waiting = Effect.fnUntraced(function* (times = 1) {
  const { made, tools } = Remembering.asking()
  const built = yield* house({ backend: Remembering.layer, tools })
  const key = yield* built.acme.user("alice")
  const opened = yield* built.ask("/v1/conversations", { key, body: { template: "support" } })
  const conversation = `${at(opened.json, "id")}`
  const asked = yield* built.ask(`/v1/conversations/${conversation}/turns`, {
    key,
    body: { text: `act ${times}` },
    headers: { accept: "text/event-stream" }
  })
  const turn = `${asked.headers["atrium-turn"]}`
  const decide = (body: object, by = key) =>
    built.ask(`/v1/turns/${turn}/decisions`, { key: by, body })
  return { ...built, key, made, conversation, asked, turn, decide }
})

describe("decisions", () => {
  it.live("a turn that waits ends its stream, holds, and runs on when it is approved", () =>
    Effect.gen(function* () {
      const { ask, asked, conversation, decide, key, made, turn } = yield* waiting()
      const last = eventsIn(asked.text).at(-1)
      assert.strictEqual(at(last?.data, "_tag"), "ApprovalRequested", asked.text)
      assert.strictEqual(at((yield* ask(`/v1/turns/${turn}`, { key })).json, "state"), "waiting")
      assert.deepStrictEqual(made, [])
      const again = yield* ask(`/v1/turns/${turn}/events`, { key })
      assert.deepStrictEqual(eventsIn(again.text).at(-1), last)
      const quiet = yield* ask(`/v1/turns/${turn}/events`, {
        key,
        headers: { "last-event-id": `${last?.id}` }
      })
      assert.deepStrictEqual([quiet.status, quiet.text], [204, ""])
      const next = yield* ask(`/v1/conversations/${conversation}/turns`, {
        key,
        body: { text: "next", onBusy: "reject" }
      })
      assert.strictEqual(next.status, 409)
      const unknown = yield* decide({ callId: "c9", approved: true })
      assert.strictEqual(unknown.status, 404)
      assert.deepStrictEqual(at(unknown.json, "reason"), { _tag: "NotFound", what: "tool call" })
      assert.strictEqual((yield* decide({ callId: "c1", approved: true })).status, 204)
      const rest = yield* ask(`/v1/turns/${turn}/events`, {
        key,
        headers: { "last-event-id": `${last?.id}` }
      })
      assert.deepStrictEqual(
        eventsIn(rest.text).map(({ data }) => at(data, "_tag")),
        [
          // Another run goes on: what the one before was writing is told anew.
          "Retracted",
          "ApprovalResolved",
          "ToolStarted",
          "ModelCalled",
          "ToolFinished",
          "MessageStored",
          "MessageStored",
          "TurnFinished"
        ]
      )
      assert.deepStrictEqual(made, ["c1"])
      const late = yield* decide({ callId: "c1", approved: false })
      assert.strictEqual(late.status, 409)
      assert.strictEqual(at(late.json, "reason", "what"), "tool call")
    })
  )

  it.live("what is denied does not run, and of two decisions about one call the first counts", () =>
    Effect.gen(function* () {
      const { ask, decide, key, made, turn } = yield* waiting(2)
      const answers = yield* Effect.forEach(
        [true, false, true, false],
        () => decide({ callId: "c1", approved: false }),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(answers.map(({ status }) => status).sort(), [204, 409, 409, 409])
      assert.strictEqual(at((yield* ask(`/v1/turns/${turn}`, { key })).json, "state"), "waiting")
      assert.strictEqual((yield* decide({ callId: "c2", approved: true })).status, 204)
      const told = yield* ask(`/v1/turns/${turn}/events`, { key })
      const outcomes = eventsIn(told.text).flatMap(({ data }) =>
        at(data, "_tag") === "ToolFinished" ? [[at(data, "callId"), at(data, "outcome")]] : []
      )
      assert.sameDeepMembers(outcomes, [
        ["c1", "denied"],
        ["c2", "done"]
      ])
      assert.deepStrictEqual(made, ["c2"])
    })
  )

  it.effect(
    "one that comes a day later is too late: the call counts as denied",
    () =>
      Effect.gen(function* () {
        const { ask, decide, key, made, turn } = yield* waiting()
        const state = Effect.map(ask(`/v1/turns/${turn}`, { key }), ({ json }) => at(json, "state"))
        yield* TestClock.adjust("23 hours")
        assert.strictEqual(yield* state, "waiting")
        yield* TestClock.adjust("1 hour")
        const late = yield* decide({ callId: "c1", approved: true })
        // Whoever looks first, the person or the server, the request has expired.
        assert.include([409, 410], late.status, late.text)
        for (let round = 0; round < 100 && (yield* state) !== "finished"; round++) {
          yield* TestClock.adjust("1 second")
        }
        const told = yield* ask(`/v1/turns/${turn}/events`, { key })
        const resolved = eventsIn(told.text).find(
          ({ data }) => at(data, "_tag") === "ApprovalResolved"
        )
        assert.deepInclude(Object(resolved?.data), { callId: "c1", approved: false, by: "expiry" })
        assert.deepStrictEqual(made, [])
      }),
    // A day has 17,280 rounds of looking for turns that nobody runs.
    60_000
  )

  it.live("bodies that decide nothing are refused and decide nothing", () =>
    Effect.gen(function* () {
      const { ask, decide, key, turn } = yield* waiting()
      for (const body of [
        {},
        { callId: "c1" },
        { approved: true },
        { callId: "c1", approved: "true" },
        { callId: "c1", approved: 1 },
        { callId: "c1", approved: null },
        { callId: 1, approved: true },
        { callId: ["c1"], approved: true }
      ]) {
        assert.strictEqual((yield* decide(body)).status, 400, JSON.stringify(body))
      }
      for (const callId of ["", "\u0000", "\ud800", "C1", "c1 ", "x".repeat(100_000)]) {
        assert.strictEqual((yield* decide({ callId, approved: true })).status, 404, callId)
      }
      assert.strictEqual(at((yield* ask(`/v1/turns/${turn}`, { key })).json, "state"), "waiting")
    })
  )

  it.live("[ISO-3] are made by the user of the turn only", () =>
    Effect.gen(function* () {
      const { acme, ask, decide, globex, key, made, turn } = yield* waiting()
      const body = { callId: "c1", approved: true }
      for (const stranger of [yield* acme.user("bob"), yield* globex.user("alice")]) {
        const refused = yield* decide(body, stranger)
        const nowhere = `/v1/turns/${turn.slice(0, 6)}${"0".repeat(turn.length - 6)}/decisions`
        const reference = yield* ask(nowhere, { key: stranger, body })
        assert.deepStrictEqual(
          [refused.status, refused.text],
          [404, reference.text],
          "as one that is nowhere"
        )
      }
      assert.strictEqual(at((yield* ask(`/v1/turns/${turn}`, { key })).json, "state"), "waiting")
      assert.deepStrictEqual(made, [])
    })
  )

  it.live("the client's follow ends where the turn waits, and goes on after the decision", () =>
    Effect.gen(function* () {
      const { conversation, key, port } = yield* waiting(0)
      let requests = 0
      const client = yield* AtriumClient.make({
        url: `http://localhost:${port}`,
        credential: Effect.sync(() => {
          requests += 1
          return Redacted.make(key)
        }),
        // Whoever waits before it comes back to a turn that waits would wait here for long.
        backOff: { firstMs: 60_000, mostMs: 60_000 }
      }).pipe(Effect.provide(FetchHttpClient.layer))
      const { id } = yield* client.turns.send({
        params: { id: (yield* client.conversations.list({ query: {} })).items[0]?.id ?? fail() },
        payload: { text: "act 1" }
      })
      assert.isNotEmpty(conversation)
      requests = 0
      const before = yield* Stream.runCollect(client.follow(id))
      assert.strictEqual(before.at(-1)?._tag, "ApprovalRequested")
      assert.strictEqual(requests, 2)
      const after = cursorOf(before.at(-1))
      assert.deepStrictEqual(yield* Stream.runCollect(client.follow(id, after)), [])
      yield* client.turns.decide({ params: { id }, payload: { callId: "c1", approved: true } })
      const [retracted, ...rest] = yield* Stream.runCollect(client.follow(id, after))
      assert.strictEqual(retracted?._tag, "Retracted")
      assert.strictEqual(rest[0]?._tag, "ApprovalResolved")
      assert.strictEqual(rest.at(-1)?._tag, "TurnFinished")
      const all = yield* Stream.runCollect(client.follow(TurnId(id)))
      assert.deepStrictEqual([...before, ...rest], [...all])
    })
  )
})

const fail = () => assert.fail("no conversation")

const cursorOf = (event: ReadEvent | undefined): string =>
  event === undefined || event._tag === "Unknown" ? fail() : Cursor.after(event)

describe("ledger", () => {
  it.live("tells users what they used, and operators what their tenant did", () =>
    Effect.gen(function* () {
      const { acme, ask, globex } = yield* house({ backend: Remembering.layer })
      const talk = Effect.fnUntraced(function* (key: string, times: number) {
        const { json } = yield* ask("/v1/conversations", { key, body: { template: "own" } })
        for (let turn = 0; turn < times; turn++) {
          yield* ask(`/v1/conversations/${at(json, "id")}/turns`, {
            key,
            body: { text: "hi" },
            headers: { accept: "text/event-stream" }
          })
        }
        return key
      })
      const alice = yield* talk(yield* acme.user("alice"), 3)
      const bob = yield* talk(yield* acme.user("bob"), 1)
      const other = yield* talk(yield* globex.user("alice"), 2)
      const total = (key: string, query = "") =>
        Effect.map(
          ask(`/v1/ledger/total?from=0&to=9007199254740991${query}`, { key }),
          ({ json }) => at(json, "calls")
        )
      assert.strictEqual(yield* total(alice), 3)
      assert.strictEqual(yield* total(alice, "&user=alice"), 3)
      assert.strictEqual(yield* total(bob), 1)
      assert.strictEqual(yield* total(other), 2)
      assert.strictEqual(yield* total(acme.operator), 4)
      assert.strictEqual(yield* total(acme.operator, "&user=alice"), 3)
      assert.strictEqual(yield* total(globex.operator, "&user=bob"), 0)
      const whole = yield* ask("/v1/ledger/total?from=0&to=9007199254740991", { key: alice })
      assert.deepStrictEqual(whole.json, {
        turns: 3,
        messages: 6,
        calls: 3,
        usage: { input: 30, cached: 12, output: 15, reasoning: 3, microUsd: 21 }
      })
      const refused = yield* ask("/v1/ledger/total?from=0&to=1&user=bob", { key: alice })
      assert.strictEqual(refused.status, 403)
      const read = Effect.fnUntraced(function* (key: string) {
        const users: Array<unknown> = []
        let after = ""
        for (let pages = 0; pages < 20; pages++) {
          const { json, status, text } = yield* ask(`/v1/ledger/calls?limit=2${after}`, { key })
          assert.strictEqual(status, 200, text)
          const items = at(json, "items")
          if (Array.isArray(items)) users.push(...items.map((call) => at(call, "userId")))
          const next = at(json, "next")
          if (typeof next !== "string") return users
          after = `&after=${encodeURIComponent(next)}`
        }
        return assert.fail("pages without an end")
      })
      assert.deepStrictEqual(yield* read(alice), ["alice", "alice", "alice"])
      assert.deepStrictEqual(yield* read(bob), ["bob"])
      assert.sameMembers(yield* read(acme.operator), ["alice", "alice", "alice", "bob"])
      assert.deepStrictEqual(yield* read(globex.operator), ["alice", "alice"])
    })
  )
})
