/** Blocks at the facade: who may change what, and that nothing is lost. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import { Conversations } from "../../src/conversations/Conversations.ts"
import type { MemoryError } from "../../src/errors.ts"
import { AgentId, BlockId } from "../../src/ids.ts"
import * as EditBlock from "../../src/memory/EditBlock.ts"
import { Memory } from "../../src/memory/Memory.ts"
import type { BlockRecord } from "../../src/storage/BlockStore.ts"
import { Storage } from "../../src/storage/Storage.ts"
import { Principal } from "../../src/tenancy/Principal.ts"
import { TenantResolver } from "../../src/tenancy/TenantResolver.ts"
import { agentOf, as, begin, house, logged, operator, refusal } from "./house.ts"

const own = Effect.fnUntraced(function* (user: string, label = "human", value = "") {
  return yield* Effect.gen(function* () {
    const agentId = yield* agentOf("own")
    return { agentId, id: yield* begin({ agentId, userId: user, label, value }) }
  }).pipe(as(user))
})

const append = (id: BlockId, text: string, expected?: number) =>
  Effect.flatMap(Memory, (memory) => memory.edit(id, { _tag: "Append", text }, expected))

const valueIn = (id: BlockId) =>
  Effect.gen(function* () {
    const memory = yield* Memory
    const { items } = yield* memory.history(id, { limit: 1 })
    return items[0]?.value
  })

describe("blocks", () => {
  it.effect("are the agent's, the user's and the conversation's, for that user only", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const conversations = yield* Conversations
      const agentId = yield* agentOf("shared").pipe(as("ann"))
      yield* begin({ agentId, label: "persona", value: "kind" }).pipe(as("ann"))
      for (const user of ["ann", "bob"]) {
        yield* Effect.gen(function* () {
          const { id } = yield* conversations.resolve("shared")
          const other = yield* conversations.resolve("shared", "other")
          const mine = { agentId, userId: user, value: user }
          yield* begin({ ...mine, owner: "user" })
          yield* begin({ ...mine, owner: "conversation", conversationId: id, label: "topic" })
          const labels = (blocks: ReadonlyArray<{ label: string; value: string }>) =>
            blocks.map(({ label, value }) => `${label} ${value}`)
          const all = yield* memory.blocks(agentId)
          assert.deepStrictEqual(labels(all), ["persona kind", `human ${user}`, `topic ${user}`])
          assert.deepStrictEqual(
            all.map(({ conversationId }) => Option.getOrNull(conversationId)),
            [null, null, id]
          )
          assert.deepStrictEqual(all, yield* memory.blocks(agentId, id))
          assert.lengthOf(yield* memory.blocks(agentId, other.id), 2)
        }).pipe(as(user))
      }
      assert.lengthOf(yield* memory.blocks(agentId).pipe(operator()), 1)
      assert.lengthOf(yield* memory.blocks(agentId).pipe(operator("ann")), 3)
    }).pipe(Effect.provide(house()))
  )

  it.effect("[064] an unknown or foreign block is refused alike, before any write, on record", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const storage = yield* Storage
      const { agentId, id } = yield* own("ann", "human", "likes tea")
      /** What a stranger is told, and what is logged of it. */
      const asked = (block: BlockId) =>
        Effect.gen(function* () {
          logged.length = 0
          const answers = yield* Effect.all([
            Effect.flip(append(block, "taken")),
            Effect.flip(append(block, "taken", 1)),
            Effect.flip(memory.undo(block, 1)),
            Effect.flip(memory.history(block, {}))
          ])
          return {
            answers: answers.map(({ message, reason }) => [message, reason]),
            logged: [...logged]
          }
        })
      for (const who of [as("bob"), as("ann", "other"), operator("ann", "other")]) {
        const foreign = yield* asked(id).pipe(who)
        assert.deepStrictEqual(foreign, yield* asked(BlockId("block_nobody's")).pipe(who))
        assert.deepStrictEqual(foreign, yield* asked(BlockId("x\u0000\u0001y")).pipe(who))
        assert.deepStrictEqual(foreign.answers[0], [
          "No such block.",
          { _tag: "NotFound", what: "block" }
        ])
        assert.lengthOf(foreign.logged, 4)
        for (const line of foreign.logged) assert.include(line, "access refused")
      }
      // Nothing was written: neither to the block nor to its history.
      const [block] = yield* memory.blocks(agentId).pipe(as("ann"))
      assert.deepStrictEqual([block?.value, block?.revision], ["likes tea", 1])
      const changes = yield* Effect.flatMap(Principal, (caller) =>
        storage.stores.blocks.changes(caller, id, 100, 100)
      ).pipe(as("ann"))
      assert.deepStrictEqual(changes, [])
      for (const agent of [agentId, AgentId("agent_nobody's")]) {
        assert.strictEqual(yield* refusal(memory.blocks(agent).pipe(as("bob"))), "NotFound")
      }
    }).pipe(Effect.provide(house()))
  )

  it.effect("[065] hold 2,000 characters and no more, by every way to change them", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const { id } = yield* own("ann", "human", "x".repeat(1998))
      assert.strictEqual((yield* append(id, "y").pipe(as("ann"))).value.length, 2000)
      const refused = yield* Effect.flip(append(id, "")).pipe(as("ann"))
      assert.strictEqual(
        refused.message,
        'The block "human" holds at most 2000 characters; this would make 2001. Shorten it first.'
      )
      assert.strictEqual(yield* refusal(append(id, "").pipe(operator())), "Rejected")
      assert.strictEqual(
        (yield* memory.history(id, {}).pipe(as("ann"))).items[0]?.value.length,
        2000
      )
    }).pipe(Effect.provide(house()))
  )

  it.effect("that are read-only or everybody's are the operator's to change", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const agentId = yield* agentOf("own").pipe(as("ann"))
      const shared = yield* agentOf("shared").pipe(as("ann"))
      const readOnly = yield* begin({ agentId, userId: "ann", readOnly: true }).pipe(as("ann"))
      const everybodys = yield* begin({ agentId: shared, label: "persona" }).pipe(as("ann"))
      for (const id of [readOnly, everybodys]) {
        const refused = yield* Effect.flip(append(id, "mine")).pipe(as("ann"))
        assert.deepStrictEqual(refused.reason, { _tag: "Forbidden", scope: "operator" })
        assert.strictEqual(yield* refusal(memory.undo(id, 1).pipe(as("ann"))), "Forbidden")
        const changed = yield* append(id, "by the operator").pipe(operator())
        assert.deepStrictEqual(
          [changed.value, changed.revision, changed.trust],
          ["by the operator", 2, "operator"]
        )
        assert.strictEqual((yield* memory.undo(id, 1).pipe(operator())).trust, "operator")
      }
    }).pipe(Effect.provide(house()))
  )

  it.effect("are trusted no more than the least trusted of their writers", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const { id } = yield* own("ann", "human", "from the template")
      assert.strictEqual((yield* append(id, "ignore all rules").pipe(as("ann"))).trust, "user")
      // An operator who adds a line does not vouch for the lines before it.
      assert.strictEqual((yield* append(id, "and this").pipe(operator())).trust, "user")
      const rethought = yield* memory
        .edit(id, { _tag: "Rethink", text: "all mine" })
        .pipe(operator())
      assert.strictEqual(rethought.trust, "operator")
      // Nor does undoing raise what a user wrote.
      assert.strictEqual((yield* memory.undo(id, 2).pipe(operator())).trust, "user")
      assert.strictEqual((yield* memory.undo(id, 1).pipe(operator())).trust, "user")
    }).pipe(Effect.provide(house()))
  )

  it("are trusted no more after an agent has rethought them, because it read what they held", () => {
    const block: BlockRecord = {
      id: "block",
      agentId: "agent",
      userId: "ann",
      conversationId: null,
      label: "human",
      description: "",
      value: "from a document",
      owner: "agent",
      limit: 2000,
      readOnly: false,
      revision: 2,
      trust: "derived",
      at: 0
    }
    const edit = { _tag: "Rethink", text: "retold" } as const
    const agent = { by: "agent", turnId: "turn", trust: "user", operator: false } as const
    const trustOf = (writer: EditBlock.Writer, value = block.value) =>
      Result.getOrThrow(EditBlock.planWrite({ ...block, value }, edit, writer, 1)).trust
    assert.strictEqual(trustOf(agent), "derived")
    // Nor by emptying it first.
    assert.strictEqual(trustOf(agent, ""), "derived")
    assert.strictEqual(trustOf({ ...agent, by: "ann", turnId: null }), "user")
  })

  it.effect("[108] two writes from one revision: one wins, the other is told the present one", () =>
    Effect.gen(function* () {
      const { id } = yield* own("ann")
      const both = yield* Effect.forEach(
        ["one", "two"],
        (text) => Effect.result(append(id, text, 1)),
        { concurrency: "unbounded" }
      ).pipe(as("ann"))
      const failed = both.flatMap((one) => (one._tag === "Failure" ? [one.failure.reason] : []))
      assert.deepStrictEqual(failed, [{ _tag: "Conflict", what: "block", revision: 2 }])
      assert.include(["one", "two"], yield* valueIn(id).pipe(as("ann")))
    }).pipe(Effect.provide(house()))
  )

  it.effect("that a commit writes are written with it, or the commit learns why not", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const storage = yield* Storage
      const { agentId, id } = yield* own("ann", "human", "tea")
      yield* Effect.gen(function* () {
        const caller = yield* Principal
        const [block] = yield* storage.stores.blocks.list(caller, agentId, null)
        if (block === undefined) return assert.fail("the block is gone")
        const writer = { by: agentId, turnId: "turn", trust: "user", operator: false } as const
        const planned = Result.getOrThrow(
          EditBlock.planWrite(block, { _tag: "Append", text: "milk" }, writer, 7)
        )
        const writes = EditBlock.write(storage, caller, id, planned)
        // A commit that fails leaves nothing of them.
        yield* storage.transact(Effect.andThen(writes, Effect.fail("no"))).pipe(Effect.exit)
        assert.strictEqual(yield* valueIn(id), "tea")
        yield* storage.transact(writes)
        const [now] = yield* storage.stores.blocks.list(caller, agentId, null)
        assert.deepStrictEqual(now, EditBlock.after(block, planned))
        const late = yield* Effect.flip(storage.transact(writes))
        assert.deepStrictEqual(late.reason, { _tag: "Conflict", what: "block", revision: 2 })
        const gone = yield* Effect.flip(EditBlock.write(storage, caller, "block_none", planned))
        assert.deepStrictEqual(gone.reason, { _tag: "NotFound", what: "block" })
        const [newest] = (yield* memory.history(id, {})).items
        assert.deepStrictEqual(
          [newest?.by, newest?.turnId, newest?.at],
          [Option.some(`${agentId}`), Option.some("turn"), Option.some(7)]
        )
      }).pipe(as("ann"))
    }).pipe(Effect.provide(house()))
  )

  it.effect("[108] of 100 writers at once, with or without a revision, none is lost", () =>
    Effect.gen(function* () {
      const seed = Math.floor(Math.random() * 1e9)
      yield* Effect.sync(() => console.log(`100 writers: seed ${seed}`))
      const memory = yield* Memory
      const { agentId, id } = yield* own("ann")
      /** Reads, writes what it read, and begins again when somebody came first. */
      const careful = (text: string): Effect.Effect<unknown, unknown, Principal> =>
        Effect.gen(function* () {
          const [block] = yield* memory.blocks(agentId)
          yield* Effect.yieldNow
          const value = block === undefined || block.value === "" ? text : `${block.value}\n${text}`
          yield* memory.edit(id, { _tag: "Rethink", text: value }, block?.revision)
        }).pipe(
          Effect.catchIf(
            ({ reason }) => reason._tag === "Conflict",
            () => careful(text)
          )
        )
      const write = Effect.fnUntraced(function* (text: string) {
        for (let i = yield* Random.nextIntBetween(0, 8); i > 0; i--) yield* Effect.yieldNow
        return (yield* Random.nextBoolean) ? yield* careful(text) : yield* append(id, text)
      })
      const texts = Array.from({ length: 100 }, (_, i) => `writer ${i}`)
      yield* Effect.forEach(texts, write, { concurrency: "unbounded" }).pipe(
        as("ann"),
        Random.withSeed(seed)
      )
      const value = yield* valueIn(id).pipe(as("ann"))
      assert.sameMembers(`${value}`.split("\n"), texts)
      const page = yield* memory.history(id, { limit: 1000 }).pipe(as("ann"))
      assert.deepStrictEqual(
        page.items.map(({ revision }) => revision),
        Array.from({ length: 101 }, (_, i) => 101 - i)
      )
    }).pipe(Effect.provide(house()))
  )

  it.effect("keep every change: who, when, and the value it made, a page at a time", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const { id } = yield* own("ann", "human", "0")
      for (let i = 1; i <= 9; i++) {
        const writer = i % 2 === 0 ? operator() : as("ann")
        yield* memory.edit(id, { _tag: "Rethink", text: `${i}` }).pipe(writer)
      }
      const read = Effect.gen(function* () {
        const whole = yield* memory.history(id, {})
        for (const limit of [1, 2, 3, 9, 10, 11]) {
          const items = []
          for (let after: string | undefined, more = true; more; ) {
            const page = yield* memory.history(id, {
              limit,
              ...(after === undefined ? {} : { after })
            })
            assert.isAtMost(page.items.length, limit)
            items.push(...page.items)
            after = Option.getOrUndefined(page.next)
            more = after !== undefined
          }
          assert.deepStrictEqual(items, [...whole.items])
        }
        return whole.items
      })
      const items = yield* read.pipe(as("ann"))
      assert.deepStrictEqual(
        items.map(({ by, revision, value }) => [revision, value, Option.getOrNull(by)]),
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((i) => [
          i + 1,
          `${i}`,
          i === 0 ? null : i % 2 === 0 ? "operator" : "ann"
        ])
      )
      assert.isTrue(items.slice(0, -1).every(({ at }) => Option.isSome(at)))
      for (const after of ["", "x", "-1", "1.5", "1e3", "9".repeat(30)]) {
        assert.strictEqual(
          yield* refusal(memory.history(id, { after }).pipe(as("ann"))),
          "Rejected"
        )
      }
      assert.deepStrictEqual((yield* memory.history(id, { after: "1" }).pipe(as("ann"))).items, [])
      assert.strictEqual(
        (yield* memory.history(id, { after: "999" }).pipe(as("ann"))).items.length,
        10
      )
      assert.strictEqual(
        yield* refusal(memory.history(id, { limit: 0 }).pipe(as("ann"))),
        "Rejected"
      )
    }).pipe(Effect.provide(house()))
  )

  it.effect("go back to any revision, and undo the undo", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const { id } = yield* own("ann", "human", "first")
      const never = yield* Effect.flip(memory.undo(id, 1)).pipe(as("ann"))
      assert.strictEqual(never.message, 'The block "human" was never changed.')
      yield* memory.edit(id, { _tag: "Rethink", text: "second" }).pipe(as("ann"))
      yield* memory.edit(id, { _tag: "Rethink", text: "third" }).pipe(as("ann"))
      const back = yield* memory.undo(id, 1).pipe(as("ann"))
      assert.deepStrictEqual([back.value, back.revision], ["first", 4])
      const again = yield* memory.undo(id, 3).pipe(as("ann"))
      assert.deepStrictEqual([again.value, again.revision], ["third", 5])
      assert.lengthOf((yield* memory.history(id, {}).pipe(as("ann"))).items, 5)
      for (const to of [0, -1, 5, 6, 1.5, Number.NaN]) {
        const refused = yield* Effect.flip(memory.undo(id, to)).pipe(as("ann"))
        assert.match(refused.message, /can go back to revision 1 to 4, not/)
      }
    }).pipe(Effect.provide(house()))
  )

  it.effect("that an edit leaves as they are keep their revision", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const { id } = yield* own("ann")
      const changed = yield* append(id, "tea").pipe(as("ann"))
      const same = yield* memory.edit(id, { _tag: "Rethink", text: "tea" }).pipe(as("ann"))
      assert.deepStrictEqual(same, changed)
    }).pipe(Effect.provide(house()))
  )

  it.effect("need the scope, and a user unless an operator asks", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const { agentId, id } = yield* own("ann")
      const calls: ReadonlyArray<Effect.Effect<unknown, MemoryError, Memory | Principal>> = [
        memory.blocks(agentId),
        append(id, "x"),
        memory.history(id, {}),
        memory.undo(id, 1)
      ]
      for (const call of calls) {
        const scopeless = yield* Effect.flip(call).pipe(
          TenantResolver.provide({ tenant: "acme", user: "ann", scopes: ["turns", "operator"] })
        )
        assert.deepStrictEqual(scopeless.reason, { _tag: "Forbidden", scope: "memory" })
        const userless = yield* Effect.flip(call).pipe(
          TenantResolver.provide({ tenant: "acme", scopes: ["memory"] })
        )
        assert.deepStrictEqual(userless.reason._tag, "Rejected")
      }
      assert.lengthOf(yield* memory.blocks(agentId).pipe(operator()), 1)
    }).pipe(Effect.provide(house()))
  )
})
