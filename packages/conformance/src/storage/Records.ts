/** STO-5: what is written is read back, whole and as it was; a save replaces. */

import { Storage } from "@atrium/core/storage/Storage"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"

const text = "e\u0301 \u{1f600} \u202e ' \" \\ % _ \ufeff \n"

export const records: ReadonlyArray<StorageRule> = [
  rule({
    id: "STO-5a",
    sentence: "a user is saved whole, with typed properties, and replaced whole",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const full = {
        id: "u",
        name: text,
        properties: {
          text,
          empty: "",
          whole: 3,
          half: 0.5,
          big: 1e21,
          yes: true,
          no: false,
          [text]: 1
        }
      }
      for (const user of [full, Samples.user("u", "renamed")]) {
        yield* stores.users.save(scope, user)
        assert.deepStrictEqual(Option.getOrThrow(yield* stores.users.find(scope, "u")), user)
        assert.deepStrictEqual((yield* stores.users.list(scope, {})).items, [user])
      }
    })
  }),
  rule({
    id: "STO-5b",
    sentence: "a key is saved whole, of its scope's tenant, and found by its hash",
    check: Effect.fnUntraced(function* () {
      const { maintenance, stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const full = Samples.key("k", "user", {
        name: text,
        scopes: ["turns", "act-as"],
        expiresAt: Samples.now,
        revokedAt: 0,
        madeBy: text
      })
      const revoked = {
        ...full,
        user: null,
        revokedAt: Samples.now,
        expiresAt: null,
        madeBy: null,
        scopes: []
      }
      for (const key of [full, revoked]) {
        const kept = { ...key, tenantId: "tenant" }
        yield* stores.keys.save(scope, key)
        assert.deepStrictEqual(Option.getOrThrow(yield* stores.keys.find(scope, "k")), kept)
        assert.deepStrictEqual(Option.getOrThrow(yield* maintenance.findKey(key.hash)), kept)
        assert.deepStrictEqual((yield* stores.keys.list(scope, {})).items, [kept])
      }
    })
  }),
  rule({
    id: "STO-5c",
    sentence: "a hash stands for the key that had it first, and a key's old hash for nothing",
    check: Effect.fnUntraced(function* () {
      const { maintenance, stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const holder = (hash: string) =>
        Effect.map(maintenance.findKey(hash), (found) =>
          Option.getOrUndefined(Option.map(found, ({ id }) => id))
        )
      yield* stores.keys.save(scope, Samples.key("first", null, { hash: "h" }))
      yield* Effect.exit(stores.keys.save(scope, Samples.key("second", null, { hash: "h" })))
      assert.strictEqual(yield* holder("h"), "first")
      yield* stores.keys.save(scope, Samples.key("first", null, { hash: "new" }))
      assert.strictEqual(yield* holder("new"), "first")
      assert.strictEqual(yield* holder("h"), undefined)
    })
  }),
  rule({
    id: "STO-5d",
    sentence: "an agent is saved whole, replaced whole, and deleted by who owns it",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const user = yield* scopeOf("tenant", "user")
      const full = Samples.agent("a", "user", {
        template: text,
        tags: ["user:1", text, "user:1"],
        state: "archived",
        ref: text,
        lastTurnAt: Samples.now
      })
      const deleting = { ...full, state: "deleting" as const }
      for (const agent of [full, deleting, Samples.agent("a", "user")]) {
        yield* stores.agents.save(user, agent)
        assert.deepStrictEqual(Option.getOrThrow(yield* stores.agents.find(scope, "a")), agent)
        assert.deepStrictEqual(Option.getOrThrow(yield* stores.agents.find(user, "a")), agent)
        assert.deepStrictEqual((yield* stores.agents.list(user, {})).items, [agent])
      }
      yield* stores.agents.delete(user, "a")
      yield* stores.agents.delete(user, "a")
      assert.isTrue(Option.isNone(yield* stores.agents.find(scope, "a")))
      assert.deepStrictEqual((yield* stores.agents.list(scope, {})).items, [])
    })
  }),
  rule({
    id: "STO-5e",
    sentence:
      "an agent without an owner is read by every user, removed by none, and stays nobody's",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const user = yield* scopeOf("tenant", "user")
      const shared = Samples.agent("shared", null)
      yield* stores.agents.save(scope, shared)
      assert.deepStrictEqual(Option.getOrThrow(yield* stores.agents.find(user, "shared")), shared)
      yield* stores.agents.delete(user, "shared")
      yield* Effect.exit(stores.agents.save(user, Samples.agent("shared", "user")))
      assert.deepStrictEqual(Option.getOrThrow(yield* stores.agents.find(scope, "shared")), shared)
      const met = { ...shared, lastTurnAt: Samples.now }
      yield* stores.agents.save(user, met)
      assert.deepStrictEqual(Option.getOrThrow(yield* stores.agents.find(scope, "shared")), met)
    })
  }),
  rule({
    id: "STO-5f",
    sentence: "a binding holds until it is taken off; a user's and everyone's are two",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const user = yield* scopeOf("tenant", "user")
      const own = { template: "t", owner: "user" }
      const all = { template: "t", owner: null }
      const found = (pin: typeof own | typeof all) =>
        Effect.map(stores.bindings.find(user, pin), Option.getOrUndefined)
      assert.strictEqual(yield* stores.bindings.pin(user, own, "a"), "a")
      assert.strictEqual(yield* stores.bindings.pin(scope, all, "b"), "b")
      assert.strictEqual(yield* stores.bindings.pin(user, own, "c"), "a")
      assert.deepStrictEqual([yield* found(own), yield* found(all)], ["a", "b"])
      yield* stores.bindings.unpin(user, all)
      yield* stores.bindings.unpin(user, own)
      yield* stores.bindings.unpin(user, own)
      assert.deepStrictEqual([yield* found(own), yield* found(all)], [undefined, "b"])
      assert.strictEqual(yield* stores.bindings.pin(user, own, "c"), "c")
      yield* stores.bindings.unpin(scope, all)
      assert.deepStrictEqual([yield* found(own), yield* found(all)], ["c", undefined])
    })
  }),
  rule({
    id: "STO-5g",
    sentence: "an attachment is there once, is found from both sides, and goes when it is detached",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const bound = [
        { agentId: "a", userId: "1" },
        { agentId: "a", userId: "2" },
        { agentId: "b", userId: "1" }
      ]
      for (const one of [...bound, ...bound]) yield* stores.bindings.attach(scope, one)
      const list = (of: { readonly agentId?: string; readonly userId?: string }) =>
        Effect.map(stores.bindings.list(scope, of, {}), ({ items }) => [...items])
      assert.sameDeepMembers(yield* list({}), bound)
      assert.sameDeepMembers(yield* list({ agentId: "a" }), bound.slice(0, 2))
      assert.sameDeepMembers(yield* list({ userId: "1" }), [bound[0], bound[2]])
      assert.sameDeepMembers(yield* list({ agentId: "b", userId: "1" }), bound.slice(2))
      assert.deepStrictEqual(yield* list({ agentId: "b", userId: "2" }), [])
      yield* stores.bindings.detach(scope, { agentId: "a", userId: "1" })
      yield* stores.bindings.detach(scope, { agentId: "b", userId: "2" })
      assert.sameDeepMembers(yield* list({}), bound.slice(1))
      assert.deepStrictEqual(yield* list({ userId: "1" }), bound.slice(2))
    })
  }),
  rule({
    id: "STO-5h",
    sentence:
      "a tenant is saved whole and replaced whole; unknown ones and unknown hashes are absent",
    check: Effect.fnUntraced(function* () {
      const { maintenance } = yield* Storage
      for (const tenant of [
        { id: "t", name: text, plan: "pro" },
        { id: "t", name: "", plan: "default" }
      ]) {
        yield* maintenance.saveTenant(tenant)
        assert.deepStrictEqual(Option.getOrThrow(yield* maintenance.findTenant("t")), tenant)
        assert.deepStrictEqual((yield* maintenance.listTenants({})).items, [tenant])
      }
      assert.isTrue(Option.isNone(yield* maintenance.findTenant("T")))
      assert.isTrue(Option.isNone(yield* maintenance.findKey("h")))
    })
  })
]
