import { Conversations } from "@atrium/core/conversations/Conversations"
import type { Principal } from "@atrium/core/tenancy/Principal"
import { isFact } from "@atrium/core/turns/TurnEvent"
import { Turns } from "@atrium/core/turns/Turns"
import * as RemoteServer from "@atrium/testing/RemoteServer"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { faults } from "./faults.ts"
import { alice, app, storage } from "./house.ts"

/** Shorter than any test, longer than a loopback request on a busy machine. */
const timeoutMs = 400

const withHouse = <A, E>(
  making: RemoteServer.Options,
  test: (house: {
    readonly server: RemoteServer.Control
    readonly turns: Turns["Service"]
    readonly conversations: Conversations["Service"]
  }) => Effect.Effect<A, E, Principal>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* RemoteServer.make(making)
      const store = yield* storage
      return yield* Effect.gen(function* () {
        const turns = yield* Turns
        const conversations = yield* Conversations
        return yield* test({ server, turns, conversations })
      }).pipe(
        alice,
        Effect.provide(app(store, { url: server.url, timeoutMs, turnMs: 2 * timeoutMs }))
      )
    })
  )

/** Waits until the server answers nobody any more: no connection is held. */
const quiet = (server: RemoteServer.Control) =>
  Effect.gen(function* () {
    for (let i = 0; i < 100; i++) {
      if ((yield* server.report).open === 0) return
      yield* Effect.sleep(10)
    }
    assert.fail("The server still answers a request that nobody waits for.")
  })

describe("Remote", () => {
  it.live("streams what the server says and stores what it confirmed", () =>
    withHouse({ steps: 2 }, ({ conversations, server, turns }) =>
      Effect.gen(function* () {
        const { id } = yield* conversations.resolve("support")
        const events = yield* Stream.runCollect(turns.stream({ conversation: id, text: "hello" }))
        const said = events.flatMap((e) => (e._tag === "TextDelta" ? e.text : []))
        assert.isAbove(said.length, 4)
        assert.strictEqual(said.join(""), "remote 1.1 (take 1): helloremote 1.2 (take 1): hello")
        assert.deepStrictEqual(
          events.filter(isFact).map(({ _tag }) => _tag),
          ["TurnStarted", "MessageStored", "ModelCalled", "MessageStored", "TurnFinished"]
        )
        const { turns: held } = yield* server.report
        assert.deepStrictEqual(
          held.map(({ messages, state, takes }) => ({ messages: messages.length, state, takes })),
          [{ messages: 2, state: "finished", takes: 1 }]
        )
        yield* quiet(server)
      })
    )
  )

  for (const [what, { drafted, fault, reason, times = 1 }] of Object.entries(faults)) {
    it.live(`ADP-2 ${what} is ${reason}, stores nothing half, and leaves the next turn alone`, () =>
      withHouse({}, ({ conversations, server, turns }) =>
        Effect.gen(function* () {
          const { id } = yield* conversations.resolve("support")
          yield* server.plan([{ on: "turn", fault, times }])
          const events = yield* Stream.runCollect(
            turns.stream({ conversation: id, text: "a text of several pieces" })
          )
          const end = events.at(-1)
          assert.strictEqual(end?._tag === "TurnFailed" && end.reason._tag, reason)
          if (reason === "RateLimited" && end?._tag === "TurnFailed") {
            assert.deepStrictEqual(end.reason, { _tag: "RateLimited", retryAfterMs: 7000 })
          }
          assert.deepStrictEqual(
            events.filter(isFact).map(({ _tag }) => _tag),
            ["TurnStarted", "TurnFailed"]
          )
          assert.strictEqual(
            events.some(({ _tag }) => _tag === "Retracted"),
            drafted
          )
          assert.strictEqual(
            (yield* turns.ask({ conversation: id, text: "again" })).text.slice(0, 6),
            "remote"
          )
          const { items } = yield* conversations.messages(id, {})
          assert.deepStrictEqual(
            items.map(({ role }) => role),
            ["user", "user", "assistant"]
          )
          if (fault._tag !== "Hang" && fault._tag !== "Stall") yield* quiet(server)
        })
      )
    )
  }

  it.live("ADP-2 a server that is gone is Unreachable, and nothing hangs", () =>
    Effect.gen(function* () {
      const gone = yield* Effect.scoped(RemoteServer.make())
      const store = yield* storage
      const error = yield* Effect.gen(function* () {
        return yield* (yield* Conversations).resolve("support")
      }).pipe(alice, Effect.provide(app(store, { url: gone.url, timeoutMs })), Effect.flip)
      assert.strictEqual(error.reason._tag, "Unreachable")
      assert.include(error.message, "127.0.0.1")
    }).pipe(Effect.scoped)
  )

  it.live("TEN-1 an agent whose making was answered by a cut is adopted, not made twice", () =>
    withHouse({}, ({ conversations, server }) =>
      Effect.gen(function* () {
        yield* server.plan([
          { on: "provision", fault: { _tag: "Cut", deltas: 0 }, times: 1 },
          { on: "open", fault: { _tag: "Cut", deltas: 0 }, times: 1 }
        ])
        const reasons = yield* Effect.forEach([1, 2], () =>
          Effect.map(Effect.flip(conversations.resolve("support")), ({ reason }) => reason._tag)
        )
        assert.deepStrictEqual(reasons, ["Unreachable", "Unreachable"])
        yield* conversations.resolve("support")
        const held = yield* server.report
        assert.strictEqual(held.agents.length, 1)
        assert.strictEqual(held.conversations.length, 1)
      })
    )
  )

  it.live("a slow server is waited for, and its pieces come as they are made", () =>
    withHouse({ deltaMs: 5 }, ({ conversations, server, turns }) =>
      Effect.gen(function* () {
        const { id } = yield* conversations.resolve("support")
        yield* server.plan([
          { on: "turn", fault: { _tag: "Slow", requestMs: 50, deltaMs: 10 }, times: 1 }
        ])
        const first = yield* turns
          .stream({ conversation: id, text: "how slow are you today?" })
          .pipe(
            Stream.filter(({ _tag }) => _tag === "TextDelta"),
            Stream.take(1),
            Stream.runCollect
          )
        assert.strictEqual(first.length, 1)
        assert.strictEqual((yield* server.report).turns[0]?.state, "running")
      })
    )
  )

  it.live("TRN-6 cancel reaches the server, frees the connection and keeps the partial text", () =>
    withHouse({ deltaMs: 10 }, ({ conversations, server, turns }) =>
      Effect.gen(function* () {
        const { id } = yield* conversations.resolve("support")
        const turn = yield* turns.send({
          conversation: id,
          text: "a long story, please ".repeat(9)
        })
        yield* turns.follow(turn.id).pipe(
          Stream.filter(({ _tag }) => _tag === "TextDelta"),
          Stream.take(2),
          Stream.runDrain
        )
        yield* turns.cancel(turn.id)
        assert.strictEqual((yield* server.report).turns[0]?.state, "cancelled")
        yield* quiet(server)
        const { items } = yield* conversations.messages(id, {})
        assert.deepStrictEqual(
          items.map(({ partial, role }) => [role, partial]),
          [
            ["user", false],
            ["assistant", true]
          ]
        )
        assert.match((yield* turns.ask({ conversation: id, text: "go on" })).text, /^remote 1\.1/)
      })
    )
  )

  it.live("ADP-3 twenty turns cut short hold no connection", () =>
    withHouse({ deltaMs: 10 }, ({ conversations, server, turns }) =>
      Effect.gen(function* () {
        yield* Effect.forEach(
          Array.from({ length: 10 }, (_, i) => `k${i}`),
          (key) =>
            Effect.gen(function* () {
              const { id } = yield* conversations.resolve("support", key)
              const turn = yield* turns.send({ conversation: id, text: "long ".repeat(40) })
              const reader = yield* Effect.forkChild(Stream.runDrain(turns.follow(turn.id)))
              yield* Effect.sleep(30)
              yield* turns.cancel(turn.id)
              yield* Fiber.join(reader)
            }),
          { concurrency: "unbounded", discard: true }
        )
        yield* quiet(server)
      })
    )
  )
})
