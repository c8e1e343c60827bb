/** Past messages: found by their words, by those who said them. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Conversations } from "../../src/conversations/Conversations.ts"
import { answer, textOf } from "../../src/conversations/Message.ts"
import { mostTurns } from "../../src/memory/IndexMessages.ts"
import { Memory } from "../../src/memory/Memory.ts"
import { rank } from "../../src/memory/Recall.ts"
import { Storage } from "../../src/storage/Storage.ts"
import { Principal } from "../../src/tenancy/Principal.ts"
import { Turns } from "../../src/turns/Turns.ts"
import { agentOf, as, gate, house, operator, refusal, say } from "./house.ts"

const said = (hits: ReadonlyArray<{ readonly item: Parameters<typeof textOf>[0] }>) =>
  hits.map(({ item }) => textOf(item))

describe("recall", () => {
  it.effect(
    "finds what was said, in all conversations with the agent, with what is around it",
    () =>
      Effect.gen(function* () {
        const memory = yield* Memory
        const found = yield* Effect.gen(function* () {
          yield* say("My sister Carla lives in Porto")
          yield* say("The weather is nice")
          yield* say("Buy milk", "own", "other")
          yield* say("Carla has a boat", "bare")
          const agent = yield* agentOf("own")
          const hits = yield* memory.recall(agent, "Where does Carla live?", {})
          assert.deepStrictEqual(said(hits), [
            "My sister Carla lives in Porto",
            "I heard: My sister Carla lives in Porto"
          ])
          assert.deepStrictEqual(hits[0]?.why, ["carla", "live"])
          const around = hits.map(({ after, before }) => [before.map(textOf), after.map(textOf)])
          assert.deepStrictEqual(around, [
            [[], ["I heard: My sister Carla lives in Porto"]],
            [["My sister Carla lives in Porto"], ["The weather is nice"]]
          ])
          assert.deepStrictEqual(said(yield* memory.recall(agent, "milk", { limit: 1 })), [
            "Buy milk"
          ])
          return agent
        }).pipe(as("ann"))
        yield* say("Carla is my dog").pipe(as("bob"))
        const bobs = yield* agentOf("own").pipe(as("bob"))
        assert.deepStrictEqual(
          said(yield* memory.recall(bobs, "Carla", { limit: 1 }).pipe(as("bob"))),
          ["Carla is my dog"]
        )
        assert.strictEqual(
          yield* refusal(memory.recall(found, "Carla", {}).pipe(as("bob"))),
          "NotFound"
        )
        const operated = yield* memory.recall(found, "Carla", {}).pipe(operator())
        assert.lengthOf(operated, 2)
      }).pipe(Effect.provide(house()))
  )

  it.effect("on a shared agent is the caller's own, and needs a user", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      yield* say("the heron of ann", "shared").pipe(as("ann"))
      yield* say("the heron of bob", "shared").pipe(as("bob"))
      const agent = yield* agentOf("shared").pipe(as("ann"))
      for (const user of ["ann", "bob"]) {
        const hits = yield* memory.recall(agent, "heron", {}).pipe(as(user))
        assert.lengthOf(hits, 2)
        for (const text of said(hits)) assert.include(text, `heron of ${user}`)
      }
      assert.strictEqual(
        yield* refusal(memory.recall(agent, "heron", {}).pipe(operator())),
        "Rejected"
      )
    }).pipe(Effect.provide(house()))
  )

  it.effect(
    "finds messages of failed turns, never those of a running one, and those once it ended",
    () =>
      Effect.gen(function* () {
        const memory = yield* Memory
        const turns = yield* Turns
        yield* Effect.gen(function* () {
          const agent = yield* agentOf("own")
          yield* Effect.exit(say("fail with a heron"))
          const { id } = yield* Effect.flatMap(Conversations, (all) => all.resolve("own"))
          const running = yield* turns.send({ conversation: id, text: "wait for the heron" })
          const queued = yield* turns.send({ conversation: id, text: "and the heron then" })
          for (let i = 0; i < 3; i++) {
            const hits = yield* memory.recall(agent, "heron", {})
            assert.deepStrictEqual(said(hits), ["fail with a heron"])
            assert.deepStrictEqual(hits[0]?.after, [])
          }
          yield* Deferred.succeed(gate, undefined)
          for (const turn of [running, queued]) {
            yield* Effect.exit(Stream.runDrain(turns.follow(turn.id)))
          }
          assert.sameMembers(said(yield* memory.recall(agent, "heron", {})), [
            "fail with a heron",
            "wait for the heron",
            "I heard: wait for the heron",
            "and the heron then",
            "I heard: and the heron then"
          ])
        }).pipe(as("ann"))
      }).pipe(Effect.provide(house()))
  )

  it.effect("finds a message by its day", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      yield* Effect.gen(function* () {
        yield* say("We met")
        yield* TestClock.adjust("1 hour")
        yield* say("We ate")
        const agent = yield* agentOf("own")
        const hits = yield* memory.recall(agent, "What did we do on a Saturday in November?", {})
        assert.deepStrictEqual(said(hits).slice(0, 2), ["We met", "I heard: We met"])
        assert.deepStrictEqual(
          hits.map(({ why }) => why.join(" ")),
          ["saturday november", "saturday november", "november", "november"]
        )
      }).pipe(as("ann"))
    }).pipe(
      Effect.provide(house()),
      // Set first, so that nothing in the house has to live through the years before.
      (self) => Effect.andThen(TestClock.setTime(Date.UTC(2026, 10, 21, 23, 30)), self)
    )
  )

  it.effect("indexes a long past in bounded steps, each message once, for any number at once", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const { stores } = yield* Storage
      yield* Effect.gen(function* () {
        const agent = yield* agentOf("own")
        const { id } = yield* Effect.flatMap(Conversations, (all) => all.resolve("own"))
        const archive = { kind: "conversation", id, userId: "ann" } as const
        const caller = yield* Principal
        const many = mostTurns + 30
        const past = Array.from({ length: many }, (_, i) => ({
          conversationId: id,
          userId: "ann",
          position: i + 1,
          index: 0,
          message: answer(`m${i}`, i === 0 ? "first heron" : `turn ${i}`)
        }))
        yield* stores.messages.append(caller, past)
        const empty = yield* stores.conversations.find(caller, id)
        yield* stores.conversations.save(caller, { ...Option.getOrThrow(empty), position: many })
        yield* say("last heron")
        const recall = memory.recall(agent, "heron", {})
        assert.lengthOf(yield* recall, 1)
        assert.deepStrictEqual(yield* stores.words.marks(caller, [archive]), [mostTurns])
        const all = yield* Effect.all([recall, recall, recall], { concurrency: "unbounded" })
        for (const hits of all) assert.lengthOf(hits, 3)
        assert.deepStrictEqual(yield* stores.words.marks(caller, [archive]), [many + 1])
        yield* Effect.flatMap(Conversations, (conversations) => conversations.delete(id))
        assert.deepStrictEqual(yield* recall, [])
        assert.deepStrictEqual(yield* stores.words.marks(caller, [archive]), [0])
      }).pipe(as("ann"))
    }).pipe(Effect.provide(house()))
  )

  it.effect("indexes long messages a turn a transaction, so that other turns go on", () => {
    const added: Array<number> = []
    const counting = Layer.effect(
      Storage,
      Effect.map(Storage, (storage) => ({
        ...storage,
        stores: {
          ...storage.stores,
          words: {
            ...storage.stores.words,
            add: (...given: Parameters<typeof storage.stores.words.add>) => {
              added.push(given[2].length)
              return storage.stores.words.add(...given)
            }
          }
        }
      }))
    ).pipe(Layer.provide(Storage.layerMemory))
    return Effect.gen(function* () {
      const memory = yield* Memory
      for (let n = 0; n < 6; n++) yield* say(`heron ${n} ${"and so on ".repeat(9000)}`)
      const hits = yield* memory.recall(yield* agentOf("own"), "heron", {})
      assert.lengthOf(hits, 10)
      assert.deepStrictEqual(added, [2, 2, 2, 2, 2, 2])
    }).pipe(as("ann"), Effect.provide(house(counting)))
  })

  it("ranks the user's words first, then what stands beside a hit or in its conversation", () => {
    const found = (id: string, position: number, index: number, score: number) => ({
      archive: { kind: "conversation", id, userId: "ann" } as const,
      item: `${`${position}`.padStart(16, "0")}.${index}`,
      score
    })
    const order = (...all: ReadonlyArray<ReturnType<typeof found>>) =>
      rank(all).map(
        ({ conversationId, place }) => `${conversationId}${place.position}.${place.index}`
      )
    assert.deepStrictEqual(order(found("a", 1, 1, 1), found("b", 1, 0, 1)), ["b1.0", "a1.1"])
    assert.deepStrictEqual(order(found("a", 9, 0, 1), found("a", 1, 0, 1), found("a", 2, 0, 1)), [
      "a2.0",
      "a1.0",
      "a9.0"
    ])
    assert.deepStrictEqual(order(found("a", 1, 1, 3), found("b", 1, 1, 2.8), found("b", 9, 1, 4)), [
      "b9.1",
      "b1.1",
      "a1.1"
    ])
    const equal = [found("a", 1, 1, 1), found("b", 1, 1, 1), found("a", 9, 1, 1)]
    assert.deepStrictEqual(order(...equal), ["a9.1", "a1.1", "b1.1"])
    assert.deepStrictEqual(order(...equal.reverse()), ["a9.1", "a1.1", "b1.1"])
  })
})
