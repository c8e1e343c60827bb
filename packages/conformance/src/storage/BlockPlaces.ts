/** STO-9: blocks stand once at their place, come in the order of a prompt, and go together. */

import type { BlockRecord } from "@atrium/core/storage/BlockStore"
import { Storage } from "@atrium/core/storage/Storage"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { atOnce, jitter, range, seeded } from "./Interleaving.ts"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"

const labelsOf = (found: ReadonlyArray<BlockRecord>) => found.map(({ label }) => label)

export const blockPlaces: ReadonlyArray<StorageRule> = [
  rule({
    id: "STO-9a",
    sentence:
      "blocks come as a prompt has them: the agent's, the user's, the conversation's, by label",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const whole = yield* scopeOf("tenant")
      const scope = yield* scopeOf("tenant", "user")
      const labels = ["z", "a!", "a", "A", "\u{10000}", "\uffff", "a/"]
      const inOrder = ["A", "a", "a!", "a/", "z", "\uffff", "\u{10000}"]
      const made = (of: string, userId: string | null, more: Partial<BlockRecord>) =>
        labels.map((label) => Samples.block(`${of} ${label}`, userId, { label, ...more }))
      yield* stores.blocks.insert(whole, [
        ...made("in d", "user", { owner: "conversation", conversationId: "d" }),
        ...made("in c", "user", { owner: "conversation", conversationId: "c" }),
        ...made("user's", "user", {}),
        ...made("agent's", null, {}),
        ...made("another's", "user b", {}),
        ...made("another's in c", "user b", { owner: "conversation", conversationId: "c" }),
        ...made("of another agent", "user", { agentId: "agent 2" })
      ])
      const list = (by: TenantScope, conversationId: string | null, agent = "agent") =>
        Effect.map(stores.blocks.list(by, agent, conversationId), (found) =>
          found.map(({ id }) => id)
        )
      const ids = (...of: ReadonlyArray<string>) =>
        of.flatMap((name) => inOrder.map((label) => `${name} ${label}`))
      assert.deepStrictEqual(yield* list(scope, "c"), ids("agent's", "user's", "in c"))
      assert.deepStrictEqual(yield* list(scope, "e"), ids("agent's", "user's"))
      assert.deepStrictEqual(yield* list(scope, null), [
        ...ids("agent's", "user's"),
        ...inOrder.flatMap((label) => [`in c ${label}`, `in d ${label}`])
      ])
      assert.deepStrictEqual(yield* list(whole, null), ids("agent's"))
      assert.deepStrictEqual(yield* list(whole, "c"), ids("agent's"))
      assert.deepStrictEqual(yield* list(scope, "c", "agent 2"), ids("of another agent"))
      // What an agent of one user knows of itself is that user's too, and comes first all the same.
      const persona = Samples.block("persona", "user", { agentId: "own", owner: "agent" })
      const human = Samples.block("human", "user", { agentId: "own" })
      yield* stores.blocks.insert(scope, [human, persona])
      assert.deepStrictEqual(yield* list(scope, "c", "own"), ["persona", "human"])
    })
  }),
  rule({
    id: "STO-9b",
    sentence: "of 20 callers at once who make a block at one place one does, and a taken id stays",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const { stores, transact } = yield* Storage
          const scope = yield* scopeOf("tenant", "user")
          for (const conversationId of [null, "c"]) {
            const id = (i: number) => `${conversationId} ${i}`
            yield* atOnce(
              range(20).map((i) => {
                const block = Samples.block(id(i), "user", { label: "human", conversationId })
                const insert = stores.blocks.insert(scope, [block])
                return Effect.andThen(
                  jitter,
                  i % 2 === 0 ? insert : transact(Effect.tap(insert, () => jitter))
                )
              })
            )
            const found = yield* Effect.forEach(range(20), (i) => stores.blocks.find(scope, id(i)))
            const made = found.flatMap(Option.toArray)
            assert.lengthOf(made, 1)
            const listed = yield* stores.blocks.list(scope, "agent", "c")
            assert.deepStrictEqual(
              listed.filter((block) => block.conversationId === conversationId),
              made
            )
            // Neither is a taken id written again, also where its place would be free.
            const [first] = made
            if (first === undefined) return
            yield* stores.blocks.insert(scope, [{ ...first, label: "other", value: "other" }])
            assert.deepStrictEqual(
              Option.getOrThrow(yield* stores.blocks.find(scope, first.id)),
              first
            )
          }
          assert.lengthOf(yield* stores.blocks.list(scope, "agent", null), 2)
        })
      )
  }),
  rule({
    id: "STO-9c",
    sentence:
      "a user makes the blocks of a shared agent, and none in another user's agent or conversation",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const a = yield* scopeOf("tenant", "user a")
      const b = yield* scopeOf("tenant", "user b")
      yield* stores.agents.save(a, Samples.agent("shared", null))
      yield* stores.agents.save(a, Samples.agent("a's", "user a"))
      const made = (id: string, more: Partial<BlockRecord>) => Samples.block(id, null, more)
      yield* stores.blocks.insert(b, [
        made("in shared", { agentId: "shared", label: "persona" }),
        made("in a's", { agentId: "a's" }),
        made("in a conversation", { agentId: "shared", conversationId: "a's conversation" }),
        Samples.block("as a", "user a", { agentId: "shared" })
      ])
      const list = (by: TenantScope, agent: string) =>
        Effect.map(stores.blocks.list(by, agent, "a's conversation"), labelsOf)
      assert.deepStrictEqual(yield* list(a, "shared"), ["persona"])
      assert.deepStrictEqual(yield* list(b, "shared"), ["persona"])
      assert.deepStrictEqual(yield* list(a, "a's"), [])
      yield* stores.blocks.write(a, "in shared", Samples.write(1, "of a"))
      const read = Option.getOrThrow(yield* stores.blocks.find(b, "in shared"))
      assert.strictEqual(read.value, "of a")
      assert.lengthOf(yield* stores.blocks.changes(b, "in shared", 9, 9), 1)
      // Who leaves takes what is theirs.
      yield* stores.blocks.insert(b, [Samples.block("b's", "user b", { agentId: "shared" })])
      yield* stores.blocks.clear(b, "shared", null)
      assert.deepStrictEqual(yield* list(b, "shared"), ["persona"])
      yield* stores.blocks.clear(yield* scopeOf("tenant"), "shared", null)
      assert.deepStrictEqual(yield* list(b, "shared"), [])
    })
  }),
  rule({
    id: "STO-9d",
    sentence:
      "clearing an agent, or a conversation of it, takes its blocks with their changes, and no others",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const whole = yield* scopeOf("tenant")
      const all = ["agent", "agent 2"].flatMap((agentId) =>
        ["user", "user b"].flatMap((userId) =>
          [null, "c", "c 2"].map((conversationId) =>
            Samples.block(`${agentId}, ${userId}, ${conversationId}`, userId, {
              agentId,
              conversationId,
              label: "human"
            })
          )
        )
      )
      const insert = Effect.gen(function* () {
        yield* stores.blocks.insert(whole, all)
        for (const { id } of all) yield* stores.blocks.write(whole, id, Samples.write(1, "changed"))
      })
      const left = Effect.gen(function* () {
        const found: Array<string> = []
        for (const { id } of all) {
          const block = yield* stores.blocks.find(whole, id)
          const changes = yield* stores.blocks.changes(whole, id, 9, 9)
          assert.strictEqual(changes.length, Option.isSome(block) ? 1 : 0, id)
          if (Option.isSome(block)) found.push(id)
        }
        return found
      })
      const cases = [
        { by: whole, of: null, gone: /^agent,/ },
        { by: whole, of: "c", gone: /^agent, .*, c$/ },
        { by: yield* scopeOf("tenant", "user"), of: null, gone: /^agent, user,/ },
        { by: yield* scopeOf("tenant", "user"), of: "c", gone: /^agent, user, c$/ }
      ]
      for (const { by, gone, of } of cases) {
        yield* insert
        yield* stores.blocks.clear(by, "agent", of)
        const expected = all.map(({ id }) => id).filter((id) => !gone.test(id))
        assert.deepStrictEqual(yield* left, expected)
        // Ids and places are free again, and nothing comes back.
        yield* stores.blocks.insert(whole, all)
        for (const { id } of all.filter((block) => gone.test(block.id))) {
          const again = Option.getOrThrow(yield* stores.blocks.find(whole, id))
          assert.strictEqual(again.revision, 1)
          assert.deepStrictEqual(yield* stores.blocks.changes(whole, id, 9, 9), [])
        }
        yield* stores.blocks.clear(whole, "agent", null)
        yield* stores.blocks.clear(whole, "agent 2", null)
        assert.deepStrictEqual(yield* left, [])
      }
    })
  })
]
