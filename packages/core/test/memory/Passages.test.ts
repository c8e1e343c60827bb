/** Passages: found by their words, by whom they belong to, and by nobody else. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Agents } from "../../src/agents/Agents.ts"
import type { MemoryError } from "../../src/errors.ts"
import { AgentId, PassageId } from "../../src/ids.ts"
import { Memory } from "../../src/memory/Memory.ts"
import { agentArchive } from "../../src/storage/Archive.ts"
import { Storage } from "../../src/storage/Storage.ts"
import { Principal } from "../../src/tenancy/Principal.ts"
import { TenantResolver } from "../../src/tenancy/TenantResolver.ts"
import { agentOf, as, begin, house, logged, operator, refusal } from "./house.ts"

const texts = (hits: ReadonlyArray<{ readonly item: { readonly text: string } }>) =>
  hits.map(({ item }) => item.text)

describe("passages", () => {
  it.effect(
    "[110 lexical] are made, listed, found by their words and deleted, by their owner only",
    () =>
      Effect.gen(function* () {
        const memory = yield* Memory
        const { stores } = yield* Storage
        for (const name of ["own", "shared"]) {
          const kept = yield* Effect.gen(function* () {
            const agent = yield* agentOf(name)
            const made = yield* memory.insert(agent, [
              "Ann keeps a heron in the garden",
              "Ann was born in Lisbon",
              "Herons eat frogs"
            ])
            const page = yield* memory.passages(agent, { limit: 2 })
            assert.deepStrictEqual(page.items, made.slice(0, 2))
            const after = Option.getOrThrow(page.next)
            assert.deepStrictEqual((yield* memory.passages(agent, { after })).items, made.slice(2))
            const hits = yield* memory.search(agent, "Which herons are in the gardens?", {})
            assert.deepStrictEqual(texts(hits), [
              "Ann keeps a heron in the garden",
              "Herons eat frogs"
            ])
            assert.deepStrictEqual(
              hits.map(({ why }) => why),
              [["herons", "gardens"], ["herons"]]
            )
            assert.lengthOf(yield* memory.search(agent, "herons", { limit: 1 }), 1)
            assert.deepStrictEqual(yield* memory.search(agent, "who is it?", {}), [])
            return { agent, made }
          }).pipe(as("ann"))
          const id = kept.made[0]?.id ?? PassageId("")
          for (const who of [as("bob"), as("ann", "other"), operator("ann", "other")]) {
            logged.length = 0
            assert.strictEqual(yield* refusal(memory.delete(id).pipe(who)), "NotFound")
            assert.strictEqual(
              yield* refusal(memory.delete(PassageId("passage_nobody's")).pipe(who)),
              "NotFound"
            )
            assert.strictEqual(logged[0], logged[1])
            const own = yield* agentOf(name).pipe(who)
            for (const agent of new Set([kept.agent, own])) {
              const found = memory.search(agent, "herons", {}).pipe(Effect.option, who)
              assert.deepStrictEqual(
                Option.getOrElse(yield* found, () => []),
                []
              )
              const listed = memory.passages(agent, {}).pipe(Effect.option, who)
              assert.deepStrictEqual(
                Option.match(yield* listed, { onNone: () => [], onSome: ({ items }) => items }),
                []
              )
            }
          }
          yield* memory.delete(id).pipe(as("ann"))
          const indexed = yield* Effect.flatMap(Principal, (caller) =>
            stores.words.search(caller, [agentArchive(kept.agent, "ann")], ["heron", "garden"], 10)
          ).pipe(as("ann"))
          assert.deepStrictEqual(
            indexed.map(({ item }) => item),
            [`${kept.made[2]?.id}`]
          )
          assert.deepStrictEqual(
            texts(yield* memory.search(kept.agent, "heron garden", {}).pipe(as("ann"))),
            ["Herons eat frogs"]
          )
          assert.strictEqual(yield* refusal(memory.delete(id).pipe(as("ann"))), "NotFound")
          assert.lengthOf((yield* memory.passages(kept.agent, {}).pipe(as("ann"))).items, 2)
        }
      }).pipe(Effect.provide(house()))
  )

  it.effect("of an operator are for all users of a shared agent, who cannot delete them", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const agent = yield* agentOf("shared").pipe(as("ann"))
      const [passage] = yield* memory.insert(agent, ["The office closes at noon"]).pipe(operator())
      const id = passage?.id ?? PassageId("")
      for (const user of ["ann", "bob"]) {
        const hits = yield* memory.search(agent, "office", {}).pipe(as(user))
        assert.deepStrictEqual(texts(hits), ["The office closes at noon"])
        assert.strictEqual(yield* refusal(memory.delete(id).pipe(as(user))), "Forbidden")
      }
      assert.lengthOf((yield* memory.passages(agent, {}).pipe(operator())).items, 1)
      yield* memory.delete(id).pipe(operator())
      assert.deepStrictEqual(yield* memory.search(agent, "office", {}).pipe(as("ann")), [])
    }).pipe(Effect.provide(house()))
  )

  it.effect("of an operator on a user's agent are the user's", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const agent = yield* agentOf("own").pipe(as("ann"))
      const [passage] = yield* memory.insert(agent, ["Ann pays by card"]).pipe(operator("op"))
      assert.lengthOf(yield* memory.search(agent, "card", {}).pipe(as("ann")), 1)
      assert.lengthOf(yield* memory.search(agent, "card", {}).pipe(operator("op")), 1)
      yield* memory.delete(passage?.id ?? PassageId("")).pipe(as("ann"))
    }).pipe(Effect.provide(house()))
  )

  it.effect("and queries have bounds, and are refused before anything is written", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const agent = yield* agentOf("own").pipe(as("ann"))
      const insert = (...all: ReadonlyArray<string>) =>
        refusal(memory.insert(agent, all).pipe(as("ann")))
      assert.strictEqual(yield* insert("x".repeat(8000)), "done")
      for (const bad of ["x".repeat(8001), "", " \n", "a\u0000", "\udc00"]) {
        assert.strictEqual(yield* insert("fine", bad), "Rejected")
      }
      assert.strictEqual(yield* insert(), "Rejected")
      assert.strictEqual(yield* insert(...Array.from({ length: 100 }, () => "y")), "done")
      assert.strictEqual(yield* insert(...Array.from({ length: 101 }, () => "y")), "Rejected")
      const page = yield* memory.passages(agent, { limit: 1000 }).pipe(as("ann"))
      assert.lengthOf(page.items, 101)
      for (const find of ["search", "recall"] as const) {
        const ask = (query: string, limit?: number) => {
          const asked: Effect.Effect<unknown, MemoryError, Principal> = memory[find](
            agent,
            query,
            limit === undefined ? {} : { limit }
          )
          return refusal(asked.pipe(as("ann")))
        }
        assert.strictEqual(yield* ask("q".repeat(2000)), "done")
        assert.strictEqual(yield* ask("q".repeat(2001)), "Rejected")
        assert.strictEqual(yield* ask("  "), "Rejected")
        assert.strictEqual(yield* ask('") OR 1=1 -- NEAR* ^"'), "done")
        assert.strictEqual(yield* ask("q", 100), "done")
        for (const limit of [0, 101, 1.5, Number.NaN]) {
          assert.strictEqual(yield* ask("q", limit), "Rejected")
        }
      }
      assert.strictEqual(
        yield* refusal(memory.passages(agent, { limit: 0 }).pipe(as("ann"))),
        "Rejected"
      )
    }).pipe(Effect.provide(house()))
  )

  it.effect("need the scope memory, and an agent of the caller's", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const agent = yield* agentOf("own").pipe(as("ann"))
      const calls = (id: AgentId): ReadonlyArray<Effect.Effect<void, MemoryError, Principal>> => [
        Effect.asVoid(memory.insert(id, ["x"])),
        Effect.asVoid(memory.passages(id, {})),
        Effect.asVoid(memory.search(id, "x", {})),
        Effect.asVoid(memory.recall(id, "x", {})),
        Effect.asVoid(memory.blocks(id))
      ]
      const scopeless = TenantResolver.provide({ tenant: "acme", user: "ann", scopes: ["turns"] })
      for (const call of [...calls(agent), memory.delete(PassageId("p"))]) {
        assert.strictEqual(yield* refusal(scopeless(call)), "Forbidden")
      }
      for (const [i, foreign] of calls(agent).entries()) {
        logged.length = 0
        const told = yield* Effect.flip(as("bob")(foreign))
        const unknown = calls(AgentId("agent_nobody's"))[i] ?? Effect.void
        assert.deepStrictEqual(told, yield* Effect.flip(as("bob")(unknown)))
        assert.strictEqual(told.reason._tag, "NotFound")
        assert.lengthOf(logged, 2)
        assert.strictEqual(logged[0], logged[1])
      }
    }).pipe(Effect.provide(house()))
  )

  it.effect("go with their agent, as its blocks and all their words do", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const { stores } = yield* Storage
      const agent = yield* agentOf("own").pipe(as("ann"))
      const block = yield* begin({ agentId: agent, userId: "ann", value: "heron" }).pipe(as("ann"))
      const [made] = yield* memory.insert(agent, ["a heron"]).pipe(as("ann"))
      yield* memory.edit(block, { _tag: "Append", text: "two" }).pipe(as("ann"))
      yield* Effect.flatMap(Agents, (agents) => agents.delete(agent)).pipe(operator())
      const left = yield* Effect.gen(function* () {
        const caller = yield* Principal
        return [
          yield* stores.blocks.list(caller, agent, null),
          yield* stores.blocks.changes(caller, block, 100, 100),
          yield* stores.passages.find(caller, [made?.id ?? ""]),
          yield* stores.words.search(
            caller,
            [{ kind: "agent", id: agent, userId: "ann" }],
            ["heron"],
            10
          )
        ]
      }).pipe(as("ann"))
      assert.deepStrictEqual(left, [[], [], [], []])
    }).pipe(Effect.provide(house()))
  )

  it.effect("are not kept for an agent that is deleted meanwhile", () => {
    let deletes = false
    const deleting = Layer.effect(
      Storage,
      Effect.map(Storage, (storage) => {
        const { agents } = storage.stores
        const find = (...given: Parameters<typeof agents.find>) =>
          Effect.tap(agents.find(...given), () => (deletes ? agents.delete(...given) : Effect.void))
        return { ...storage, stores: { ...storage.stores, agents: { ...agents, find } } }
      })
    ).pipe(Layer.provide(Storage.layerMemory))
    return Effect.gen(function* () {
      const memory = yield* Memory
      const { stores } = yield* Storage
      const agent = yield* agentOf("own")
      deletes = true
      assert.strictEqual(yield* refusal(memory.insert(agent, ["Ann pays by card"])), "NotFound")
      const archive = { kind: "agent", id: agent, userId: "ann" } as const
      const kept = yield* stores.passages.list(yield* Principal, archive, {})
      assert.deepStrictEqual(kept.items, [])
    }).pipe(as("ann"), Effect.provide(house(deleting)))
  })
})
