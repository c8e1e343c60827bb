/** Conversations: made once, written under the fence, deleted whole. */

import type { Archive } from "@atrium/core/storage/Archive"
import { Storage } from "@atrium/core/storage/Storage"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { atOnce, jitter, range, seeded } from "./Interleaving.ts"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"

const step = { fence: 3, position: 2, stored: 2, ends: false }

/** A conversation whose second turn runs under fence 3. */
const running = (id = "c") =>
  Samples.conversation(id, "user", { fence: 3, position: 2, unended: 1, length: 2 })

export const conversations: ReadonlyArray<StorageRule> = [
  rule({
    id: "TEN-1a",
    sentence: "100 callers at once who resolve one agent, user and key get one conversation",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const { stores, transact } = yield* Storage
          const scope = yield* scopeOf("tenant", "user")
          const answers = yield* atOnce(
            range(100).map((i) => {
              const made = Samples.conversation(`c ${i}`, "user", { key: "session" })
              const resolve = stores.conversations.resolve(scope, made)
              return Effect.andThen(
                jitter,
                i % 2 === 0 ? resolve : transact(Effect.tap(resolve, () => jitter))
              )
            })
          )
          assert.lengthOf(new Set(answers.map(({ id }) => id)), 1)
          assert.deepStrictEqual((yield* stores.conversations.list(scope, {})).items, [
            answers[0] ?? assert.fail("nobody was answered")
          ])
        })
      )
  }),
  rule({
    id: "TEN-1b",
    sentence:
      "of 100 callers at once who bind one template for one user the first one's agent wins",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const { stores, transact } = yield* Storage
          const scope = yield* scopeOf("tenant", "user")
          for (const owner of ["user", null]) {
            const pin = { template: "helper", owner }
            const answers = yield* atOnce(
              range(100).map((i) => {
                const bind = stores.bindings.pin(scope, pin, `agent ${i}`)
                return i % 2 === 0 ? bind : transact(Effect.tap(bind, () => jitter))
              })
            )
            assert.lengthOf(new Set(answers), 1)
            assert.deepStrictEqual(
              Option.toArray(yield* stores.bindings.find(scope, pin)),
              answers.slice(0, 1)
            )
          }
        })
      )
  }),
  rule({
    id: "ISO-2a",
    rows: ["099"],
    sentence:
      "one user with two sessions has two conversations; two users with one, nothing shared",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const ids: Array<string> = []
      for (const [user, key] of [
        ["user a", "morning"],
        ["user a", "evening"],
        ["user b", "morning"]
      ] satisfies ReadonlyArray<[string, string]>) {
        const scope = yield* scopeOf("tenant", user)
        const made = Samples.conversation(`${user} ${key}`, user, { key })
        const { id } = yield* stores.conversations.resolve(scope, made)
        yield* stores.messages.append(scope, [Samples.messageAt(id, user, 1, 0, id)])
        ids.push(id)
      }
      const b = yield* scopeOf("tenant", "user b")
      assert.lengthOf(new Set(ids), 3)
      for (const id of ids) {
        const { items } = yield* stores.messages.list(b, id, {})
        assert.lengthOf(items, id === "user b morning" ? 1 : 0)
      }
      const again = Samples.conversation("again", "user b", { key: "morning" })
      assert.strictEqual((yield* stores.conversations.resolve(b, again)).id, "user b morning")
    })
  }),
  rule({
    id: "ISO-2b",
    rows: ["084", "100"],
    sentence: `A has 10 messages, B 5, an unknown user 0, and none of A's contains "User B"`,
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const texts = Effect.fnUntraced(function* (user: string) {
        const scope = yield* scopeOf("tenant", user)
        const found: Array<string> = []
        for (const id of ["of User A", "of User B"]) {
          const { items } = yield* stores.messages.list(scope, id, {})
          found.push(...items.map((message) => JSON.stringify(message)))
        }
        return found
      })
      for (const [user, count] of [
        ["User A", 10],
        ["User B", 5]
      ] satisfies ReadonlyArray<[string, number]>) {
        const scope = yield* scopeOf("tenant", user)
        const id = `of ${user}`
        yield* stores.conversations.resolve(scope, Samples.conversation(id, user))
        yield* stores.messages.append(
          scope,
          range(count).map((i) => Samples.messageAt(id, user, i + 1, 0, `Message ${i} of ${user}`))
        )
      }
      const ofA = yield* texts("User A")
      assert.lengthOf(ofA, 10)
      assert.lengthOf(yield* texts("User B"), 5)
      assert.lengthOf(yield* texts("User C"), 0)
      for (const text of ofA) assert.notInclude(text, "User B")
    })
  }),
  rule({
    id: "TRN-8",
    sentence: "a step under another fence is refused and counts nothing",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      yield* stores.conversations.resolve(scope, running())
      for (const fence of [2, 4, 0]) {
        const answer = yield* stores.conversations.advance(scope, "c", { ...step, fence })
        assert.strictEqual(answer, "fenced")
      }
      const found = yield* stores.conversations.find(scope, "c")
      assert.deepStrictEqual(Option.getOrThrow(found), running())
    })
  }),
  rule({
    id: "TRN-6",
    sentence: "a step of the turn that was cancelled is refused and counts nothing, others count",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      const cancelled = { ...running(), cancelling: 2 }
      yield* stores.conversations.resolve(scope, cancelled)
      assert.strictEqual(yield* stores.conversations.advance(scope, "c", step), "cancelled")
      const found = yield* stores.conversations.find(scope, "c")
      assert.deepStrictEqual(Option.getOrThrow(found), cancelled)
      const other = { ...step, position: 3 }
      assert.strictEqual(yield* stores.conversations.advance(scope, "c", other), "advanced")
    })
  }),
  rule({
    id: "STO-6a",
    sentence: "a step counts its messages, and its turn when it ends; without a conversation: gone",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      yield* stores.conversations.resolve(scope, running())
      assert.strictEqual(yield* stores.conversations.advance(scope, "c", step), "advanced")
      const once = yield* stores.conversations.find(scope, "c")
      assert.deepStrictEqual(Option.getOrThrow(once), { ...running(), length: 4 })
      const last = { ...step, stored: 1, ends: true }
      assert.strictEqual(yield* stores.conversations.advance(scope, "c", last), "advanced")
      const twice = yield* stores.conversations.find(scope, "c")
      assert.deepStrictEqual(Option.getOrThrow(twice), { ...running(), length: 5, unended: 0 })
      assert.strictEqual(yield* stores.conversations.advance(scope, "no such", step), "gone")
    })
  }),
  rule({
    id: "STO-6b",
    sentence: "a conversation is saved whole where it is, and not made where it is not",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      yield* stores.conversations.save(scope, running())
      assert.isTrue(Option.isNone(yield* stores.conversations.find(scope, "c")))
      yield* stores.conversations.resolve(scope, Samples.conversation("c", "user"))
      const changed = {
        ...running(),
        title: "new",
        ref: "r",
        agentRef: "a",
        owner: "p",
        leaseUntil: 9
      }
      yield* stores.conversations.save(scope, changed)
      const found = yield* stores.conversations.find(scope, "c")
      assert.deepStrictEqual(Option.getOrThrow(found), changed)
    })
  }),
  rule({
    id: "STO-6c",
    sentence:
      "a deleted conversation is gone with all that it holds; what is counted stays, the ledger too",
    check: Effect.fnUntraced(function* () {
      const { maintenance, stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      const turn = Samples.turn("t", "c", "user", { key: "send" })
      const rate = { turns: 10, windowMs: 60_000 }
      const write = Effect.gen(function* () {
        yield* stores.conversations.resolve(scope, { ...running(), key: "session" })
        yield* stores.messages.append(scope, [Samples.messageAt("c", "user", 1, 0)])
      })
      yield* write
      yield* stores.messages.skip(scope, "c", 1)
      yield* stores.turns.insert(scope, turn)
      yield* stores.turns.advance(scope, turn, [Samples.fact(1)])
      yield* stores.limits.take(scope, "user", rate, Samples.now)
      yield* stores.ledger.append(scope, [Samples.row("t", "user")])
      const of = { conversationId: "c", label: "plan" }
      const block = Samples.block("b", "user", { ...of, owner: "conversation" })
      const others = [
        Samples.block("b 2", "user", { ...of, conversationId: "other", owner: "conversation" }),
        Samples.block("b 3", "user")
      ]
      yield* stores.blocks.insert(scope, [block, ...others])
      yield* stores.blocks.write(scope, "b", Samples.write(1, "changed"))
      const archives = ["c", "other"].map(
        (id): Archive => ({ kind: "conversation", id, userId: "user" })
      )
      for (const archive of [...archives, Samples.archive("user", "c")]) {
        yield* stores.words.add(scope, archive, [Samples.item("i", ["word"])], 4)
      }

      assert.isTrue(yield* stores.conversations.delete(scope, "c"))
      assert.isTrue(Option.isNone(yield* stores.conversations.find(scope, "c")))
      assert.deepStrictEqual((yield* stores.conversations.list(scope, {})).items, [])
      assert.deepStrictEqual((yield* stores.messages.list(scope, "c", {})).items, [])
      assert.isTrue(Option.isNone(yield* stores.turns.find(scope, "t")))
      assert.isTrue(Option.isNone(yield* stores.turns.findKeyed(scope, "c", "send")))
      assert.deepStrictEqual(yield* stores.turns.unended(scope, "c"), [])
      for (const list of [maintenance.listLeft, maintenance.listDue]) {
        assert.deepStrictEqual((yield* list(Number.MAX_SAFE_INTEGER, {})).items, [])
      }
      assert.strictEqual((yield* stores.limits.left(scope, "user", rate, Samples.now)).left, 9)
      assert.lengthOf((yield* stores.ledger.list(scope, {})).items, 1)
      assert.isTrue(Option.isNone(yield* stores.blocks.find(scope, "b")))
      assert.sameDeepMembers([...(yield* stores.blocks.list(scope, "agent", null))], others)
      const hits = yield* stores.words.search(scope, archives, ["word"], 9)
      assert.deepStrictEqual(
        hits.map(({ archive }) => archive),
        archives.slice(1)
      )
      assert.deepStrictEqual(yield* stores.words.marks(scope, archives), [0, 4])
      const learned = Samples.archive("user", "c")
      assert.lengthOf(yield* stores.words.search(scope, [learned], ["word"], 9), 1)
      assert.isFalse(yield* stores.conversations.delete(scope, "c"))

      // Nothing of it comes back under the same ids.
      yield* write
      yield* stores.turns.insert(scope, turn)
      assert.deepStrictEqual(yield* stores.turns.facts(scope, turn, 1), [])
      assert.lengthOf(yield* stores.messages.recent(scope, "c", 10, 10), 1)
      yield* stores.blocks.insert(scope, [block])
      assert.deepStrictEqual(yield* stores.blocks.changes(scope, "b", 9, 9), [])
    })
  }),
  rule({
    id: "STO-6d",
    rows: ["079", "100"],
    sentence: "clearing A leaves B: 0 and 1 messages; clearing both leaves 0 and 0",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const clear = Effect.fnUntraced(function* (user: string) {
        const scope = yield* scopeOf("tenant", user)
        const { items } = yield* stores.conversations.list(scope, {})
        for (const { id } of items) yield* stores.conversations.delete(scope, id)
      })
      const counts = Effect.forEach(["a", "b"], (user) =>
        Effect.flatMap(scopeOf("tenant", user), (scope) =>
          Effect.map(stores.messages.list(scope, `of ${user}`, {}), ({ items }) => items.length)
        )
      )
      for (const user of ["a", "b"]) {
        const scope = yield* scopeOf("tenant", user)
        yield* stores.conversations.resolve(scope, Samples.conversation(`of ${user}`, user))
        yield* stores.messages.append(scope, [Samples.messageAt(`of ${user}`, user, 1, 0)])
      }
      assert.deepStrictEqual(yield* counts, [1, 1])
      yield* clear("a")
      assert.deepStrictEqual(yield* counts, [0, 1])
      yield* clear("b")
      assert.deepStrictEqual(yield* counts, [0, 0])
    })
  }),
  rule({
    id: "TRN-7a",
    sentence: "unended turns of a process are told when its lease has run out, and no others",
    check: Effect.fnUntraced(function* () {
      const { maintenance, stores } = yield* Storage
      const told = (until: number) =>
        Effect.map(maintenance.listLeft(until, {}), ({ items }) => [...items])
      for (const tenant of ["tenant a", "tenant b"]) {
        const scope = yield* scopeOf(tenant, "user")
        yield* stores.conversations.resolve(scope, { ...running(), owner: "p", leaseUntil: 50 })
        yield* stores.conversations.resolve(scope, running("nobody's"))
        const idle = Samples.conversation("idle", "user", { owner: "p" })
        yield* stores.conversations.resolve(scope, idle)
      }
      const of = (tenantId: string, conversationId = "c") => ({
        tenantId,
        userId: "user",
        conversationId
      })
      assert.deepStrictEqual(yield* told(49), [])
      assert.sameDeepMembers(yield* told(50), [of("tenant a"), of("tenant b")])
      const a = yield* scopeOf("tenant a", "user")
      yield* stores.conversations.advance(a, "c", { ...step, ends: true })
      assert.sameDeepMembers(yield* told(50), [of("tenant b")])
      const idle = Samples.conversation("idle", "user", { owner: "p" })
      yield* stores.conversations.save(a, { ...idle, unended: 2, leaseUntil: 70 })
      assert.sameDeepMembers(yield* told(69), [of("tenant b")])
      yield* stores.conversations.save(a, { ...idle, unended: 2, leaseUntil: 90 })
      assert.sameDeepMembers(yield* told(89), [of("tenant b")])
      assert.sameDeepMembers(yield* told(90), [of("tenant a", "idle"), of("tenant b")])
      yield* stores.conversations.delete(yield* scopeOf("tenant b", "user"), "c")
      assert.sameDeepMembers(yield* told(Number.MAX_SAFE_INTEGER), [of("tenant a", "idle")])
    })
  }),
  rule({
    id: "TRN-7e",
    sentence: "unended turns that nobody has are told when what they wait for is over, not before",
    check: Effect.fnUntraced(function* () {
      const { maintenance, stores } = yield* Storage
      const told = (until: number) =>
        Effect.map(maintenance.listDue(until, {}), ({ items }) =>
          items.map(({ conversationId }) => conversationId).toSorted()
        )
      const scope = yield* scopeOf("tenant", "user")
      const waiting = { ...running(), leaseUntil: 50 }
      yield* stores.conversations.resolve(scope, waiting)
      yield* stores.conversations.resolve(scope, { ...running("longer"), leaseUntil: 90 })
      yield* stores.conversations.resolve(scope, { ...running("run"), owner: "p" })
      yield* stores.conversations.resolve(scope, Samples.conversation("idle", "user"))
      assert.deepStrictEqual(yield* told(49), [])
      assert.deepStrictEqual(yield* told(50), ["c"])
      assert.deepStrictEqual(yield* told(90), ["c", "longer"])
      // Decided, taken up, waiting once more, and ended.
      yield* stores.conversations.save(scope, { ...waiting, leaseUntil: 0 })
      assert.deepStrictEqual(yield* told(0), ["c"])
      yield* stores.conversations.save(scope, { ...waiting, owner: "p", leaseUntil: 15 })
      assert.deepStrictEqual(yield* told(89), [])
      yield* stores.conversations.save(scope, { ...waiting, leaseUntil: 60 })
      assert.deepStrictEqual(yield* told(60), ["c"])
      yield* stores.conversations.advance(scope, "c", { ...step, ends: true })
      assert.deepStrictEqual(yield* told(60), [])
      yield* stores.conversations.delete(scope, "longer")
      assert.deepStrictEqual(yield* told(Number.MAX_SAFE_INTEGER), [])
    })
  })
]
