/** Readers over connections that break: nothing is lost, nothing is told twice. */

import { connect } from "node:net"
import { Storage } from "@atrium/core/storage/Storage"
import { AtriumClient, type ReadEvent } from "@atrium/http/client"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as CuttingProxy from "./CuttingProxy.ts"
import { at, eventsIn, house, portOf, type Setting, served, tenant } from "./house.ts"
import * as Scripted from "./Scripted.ts"

/** A generator of numbers in [0, 1) that a seed repeats. */
const dice = (seed: number) => () => {
  seed = (seed * 1664525 + 1013904223) % 2 ** 32
  return seed / 2 ** 32
}

const quick = { firstMs: 1, mostMs: 5, tries: 20 }

const clientOf = (port: number, key: string) =>
  AtriumClient.make({
    url: `http://localhost:${port}`,
    credential: Redacted.make(key),
    backOff: quick
  }).pipe(Effect.provide(FetchHttpClient.layer))

/** Names that a proxy on another port makes of a server. */
const anyPort = { hosts: ["localhost", "127.0.0.1"] }

const scripted = Effect.fnUntraced(function* (setting: Setting = {}) {
  const script = yield* Scripted.make
  const built = yield* house({
    backend: Scripted.layer(script),
    options: anyPort,
    ...setting
  })
  const key = yield* built.acme.user("alice")
  const direct = yield* clientOf(built.port, key)
  const { id: conversation } = yield* direct.conversations.start({
    payload: { template: "support" }
  })
  return { ...built, script, key, direct, conversation }
})

/** What a reader has in the end: the texts as they were written, and the facts. */
const readingOf = (events: ReadonlyArray<ReadEvent>) => {
  const texts = new Map<string, string>()
  const facts: Array<number> = []
  let stored = ""
  for (const event of events) {
    if (event._tag === "TextDelta") {
      const text = texts.get(event.messageId) ?? ""
      assert.strictEqual(event.offset, text.length, "a delta begins where the last one ended")
      texts.set(event.messageId, text + event.text)
    } else if (event._tag === "Retracted") texts.delete(event.messageId)
    else if (event._tag !== "Unknown" && "sequence" in event) {
      facts.push(event.sequence)
      if (event._tag === "MessageStored") {
        stored = event.message.parts.map((part) => (part._tag === "Text" ? part.text : "")).join("")
      }
    }
  }
  return { facts, stored, texts: [...texts.values()] }
}

describe("resume", () => {
  it.live(
    "cut anywhere, a reader that comes back has read each event once",
    () =>
      Effect.gen(function* () {
        const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31))
        yield* Effect.sync(() => process.stdout.write(`resume seed: ${seed}\n`))
        const roll = dice(seed)
        const { conversation, direct, key, port } = yield* scripted()
        let cuts = 0
        for (let round = 0; round < 6; round++) {
          const proxy = yield* CuttingProxy.make(port, (connection) =>
            connection < 12 ? 200 + Math.floor(roll() * 1800) : Number.POSITIVE_INFINITY
          )
          const reader = yield* clientOf(proxy.port, key)
          const { id } = yield* direct.turns.send({
            params: { id: conversation },
            payload: { text: "count 200" }
          })
          const events = yield* Stream.runCollect(reader.follow(id))
          cuts += proxy.connections() - 1
          const { facts, stored, texts } = readingOf(events)
          assert.deepStrictEqual(facts, [1, 2, 3], `seed ${seed}`)
          assert.isNotEmpty(stored)
          for (const text of texts) assert.isTrue(stored.startsWith(text), `seed ${seed}`)
        }
        assert.isAbove(cuts, 10, `seed ${seed}`)
      }),
    60_000
  )

  it.live("from any cursor that was given, exactly the rest is told", () =>
    Effect.gen(function* () {
      const { ask, conversation, key, script } = yield* scripted()
      const path = `/v1/conversations/${conversation}/turns`
      const headers = { accept: "text/event-stream" }
      const live = yield* ask(path, { key, headers, body: { text: "count 20" } })
      assert.strictEqual(live.status, 200)
      assert.strictEqual(live.headers["content-type"], "text/event-stream")
      assert.strictEqual(live.headers["cache-control"], "no-cache, no-transform")
      assert.strictEqual(live.headers["x-accel-buffering"], "no")
      assert.match(live.text, /^retry: \d+\n\n/)
      const turn = `${live.headers["atrium-turn"]}`
      const all = eventsIn(live.text)
      const message = all.find(({ data }) => at(data, "_tag") === "MessageStored")
      const stored = `${at(message?.data, "message", "parts", "0", "text")}`
      for (const { id } of all) {
        const rest = yield* ask(`/v1/turns/${turn}/events`, {
          key,
          headers: { "last-event-id": `${id}` }
        })
        const events = eventsIn(rest.text).map(({ data }) => data)
        if (!`${id}`.includes(".")) {
          const after = all.findIndex((other) => other.id === id) + 1
          const wanted = all.slice(after).map(({ data }) => data)
          const facts = (list: ReadonlyArray<unknown>) =>
            list.filter((data) => at(data, "messageId") === undefined)
          assert.deepStrictEqual(facts(events), facts(wanted), `${id}`)
          continue
        }
        const offset = Number(`${id}`.split(".")[2])
        const deltas = events.filter((data) => at(data, "_tag") === "TextDelta")
        const text = deltas.map((data) => at(data, "text")).join("")
        assert.strictEqual(text, text === "" ? "" : stored.slice(offset), `${id}`)
        assert.strictEqual(at(events.at(-1), "_tag"), "TurnFinished")
      }
      assert.strictEqual(script.runs, 1)
    })
  )

  it.live("a reader that leaves neither cancels nor slows the turn", () =>
    Effect.gen(function* () {
      const { conversation, direct, script } = yield* scripted()
      const events = direct.stream({ conversation, text: "hold" })
      const [started] = yield* Stream.runCollect(Stream.take(events, 1))
      assert.strictEqual(started?._tag, "TurnStarted")
      yield* Deferred.succeed(script.gate, undefined)
      const { items } = yield* Effect.repeat(
        direct.conversations.messages({ params: { id: conversation }, query: {} }),
        { until: ({ items }) => items.length === 2 }
      )
      assert.strictEqual(items.length, 2)
    })
  )

  it.live("a deleted conversation ends its readers with a problem, not with silence", () =>
    Effect.gen(function* () {
      const { ask, conversation, direct, key } = yield* scripted()
      const turn = yield* direct.turns.send({
        params: { id: conversation },
        payload: { text: "hold" }
      })
      const error = yield* direct.follow(turn.id).pipe(
        Stream.tap((event) =>
          event._tag === "TurnStarted"
            ? ask(`/v1/conversations/${conversation}`, { key, method: "DELETE" })
            : Effect.void
        ),
        Stream.runCollect,
        Effect.map((events) => events.at(-1)),
        Effect.catch((error) => Effect.succeed(error))
      )
      // The turn is told as failed where its reader is still there, else as gone.
      assert.oneOf(error?._tag, ["TurnFailed", "Problem"])
    })
  )

  it.live(
    "when the server closes, streams end at once and the turn is told to its end by the next",
    () =>
      Effect.gen(function* () {
        const built = yield* Layer.build(Storage.layerMemory)
        const store = { ...Context.get(built, Storage), owners: "one" as const }
        const script = yield* Scripted.make
        const setting = { backend: Scripted.layer(script), storage: Layer.succeed(Storage, store) }
        const first = yield* Scope.make()
        const services = yield* Layer.buildWithScope(served(setting), first)
        const port = yield* Effect.provide(portOf, services)
        const acme = yield* Effect.provide(tenant("acme"), services)
        const client = yield* clientOf(port, yield* acme.user("alice"))
        const { id: conversation } = yield* client.conversations.start({
          payload: { template: "support" }
        })
        const began = yield* Deferred.make<void>()
        const reader = yield* client.stream({ conversation, text: "hold" }).pipe(
          Stream.tap(() => Deferred.succeed(began, undefined)),
          Stream.runCollect,
          Effect.forkScoped
        )
        yield* Deferred.await(began)
        // As browsers do, before they know what to ask.
        const unused = connect(port, "127.0.0.1")
        unused.on("error", () => undefined)
        yield* Effect.callback<void>((resume) => {
          unused.once("connect", () => resume(Effect.void))
        })
        const [elapsed] = yield* Effect.timed(Scope.close(first, Exit.void))
        assert.isBelow(Duration.toMillis(elapsed), 2000)
        yield* Deferred.succeed(script.gate, undefined)
        yield* Layer.build(served({ ...setting, options: { port } }))
        const { facts, stored } = readingOf(yield* Fiber.join(reader))
        assert.deepStrictEqual(facts, [1, 2, 3])
        assert.strictEqual(stored, "echo: hold")
        assert.strictEqual(script.runs, 2)
      })
  )
})
