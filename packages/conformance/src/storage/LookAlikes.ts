/** ISO-5: ids that look like other ids never collide and never match as patterns. */

import type { StorageError } from "@atrium/core/errors"
import { Storage } from "@atrium/core/storage/Storage"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { joints, lookAlikeIds, refusedIds } from "./Hostile.ts"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"

const nameOf = (found: Option.Option<{ readonly name: string }>) =>
  Option.getOrUndefined(Option.map(found, ({ name }) => name))

const rate = { turns: 2, windowMs: 1000 }

/** Pairs without those that are equal, part by part. */
const pairs = [...new Map(joints.map((pair) => [JSON.stringify(pair), pair])).values()]

export const lookAlikes: ReadonlyArray<StorageRule> = [
  rule({
    id: "ISO-5a",
    sentence: "tenants of look-alike ids have their own data each",
    check: Effect.fnUntraced(function* () {
      const { maintenance, stores } = yield* Storage
      for (const tenant of lookAlikeIds) {
        const scope = yield* scopeOf(tenant, "user")
        yield* maintenance.saveTenant({ id: tenant, name: `of ${tenant}`, plan: "default" })
        yield* stores.users.save(scope, Samples.user("user", `of ${tenant}`))
        yield* stores.limits.take(scope, "user", rate, Samples.now)
        yield* stores.limits.take(scope, "tenant", rate, Samples.now)
      }
      for (const tenant of lookAlikeIds) {
        const scope = yield* scopeOf(tenant, "user")
        assert.strictEqual(nameOf(yield* maintenance.findTenant(tenant)), `of ${tenant}`)
        assert.deepStrictEqual((yield* stores.users.list(yield* scopeOf(tenant), {})).items, [
          Samples.user("user", `of ${tenant}`)
        ])
        for (const of of ["user", "tenant"] as const) {
          assert.strictEqual((yield* stores.limits.left(scope, of, rate, Samples.now)).left, 1)
        }
      }
    })
  }),
  rule({
    id: "ISO-5b",
    sentence: "users of look-alike ids have their own records, conversations and limits each",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      for (const user of lookAlikeIds) {
        const scope = yield* scopeOf("tenant", user)
        yield* stores.users.save(scope, Samples.user(user))
        yield* stores.bindings.pin(scope, { template: "t", owner: user }, `of ${user}`)
        yield* stores.bindings.attach(scope, { agentId: "agent", userId: user })
        yield* stores.conversations.resolve(
          scope,
          Samples.conversation(`of ${user}`, user, { key: "session" })
        )
        yield* stores.limits.take(scope, "user", rate, Samples.now)
      }
      for (const user of lookAlikeIds) {
        const scope = yield* scopeOf("tenant", user)
        const ids = Effect.map(stores.conversations.list(scope, {}), ({ items }) =>
          items.map(({ id }) => id)
        )
        assert.strictEqual(nameOf(yield* stores.users.find(scope, user)), `name of ${user}`)
        assert.deepStrictEqual(yield* ids, [`of ${user}`])
        assert.deepStrictEqual((yield* stores.bindings.list(scope, {}, {})).items, [
          { agentId: "agent", userId: user }
        ])
        const pinned = yield* stores.bindings.find(scope, { template: "t", owner: user })
        assert.strictEqual(Option.getOrUndefined(pinned), `of ${user}`)
        assert.strictEqual((yield* stores.limits.left(scope, "user", rate, Samples.now)).left, 1)
      }
    })
  }),
  rule({
    id: "ISO-5c",
    sentence: "look-alike ids of keys, agents, conversations and turns name one thing each",
    check: Effect.fnUntraced(function* () {
      const { maintenance, stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      for (const id of lookAlikeIds) {
        yield* stores.keys.save(scope, Samples.key(id, null, { hash: id }))
        yield* stores.agents.save(scope, Samples.agent(id, null, { ref: id }))
        yield* stores.conversations.resolve(scope, Samples.conversation(id, null, { key: id }))
        yield* stores.messages.append(scope, [Samples.messageAt(id, null, 1, 0, id)])
        yield* stores.turns.insert(scope, Samples.turn(id, id, null, { key: id }))
        yield* stores.turns.advance(scope, Samples.turn(id, id, null, { key: id }), [
          Samples.fact(1, id)
        ])
      }
      for (const id of lookAlikeIds) {
        const turn = Samples.turn(id, id, null, { key: id })
        const agent = yield* stores.agents.find(scope, id)
        const { items } = yield* stores.messages.list(scope, id, {})
        assert.strictEqual(nameOf(yield* stores.keys.find(scope, id)), `name of ${id}`)
        assert.strictEqual(nameOf(yield* maintenance.findKey(id)), `name of ${id}`)
        assert.strictEqual(Option.getOrThrow(agent).ref, id)
        assert.deepStrictEqual(items, [Samples.messageAt(id, null, 1, 0, id).message])
        assert.deepStrictEqual(Option.getOrThrow(yield* stores.turns.find(scope, id)), turn)
        assert.deepStrictEqual(
          Option.getOrThrow(yield* stores.turns.findKeyed(scope, id, id)),
          turn
        )
        assert.deepStrictEqual(yield* stores.turns.facts(scope, turn, 1), [Samples.fact(1, id)])
      }
      const [first = ""] = lookAlikeIds
      yield* stores.agents.delete(scope, first)
      yield* stores.conversations.delete(scope, first)
      assert.lengthOf((yield* stores.agents.list(scope, {})).items, lookAlikeIds.length - 1)
      const left = yield* stores.conversations.list(scope, {})
      assert.lengthOf(left.items, lookAlikeIds.length - 1)
    })
  }),
  rule({
    id: "ISO-5d",
    sentence: "a/b with c is not a with b/c: tenant and user, agent and key, template and owner",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const shared = yield* scopeOf("tenant")
      for (const [left, right] of pairs) {
        const name = `${left} with ${right}`
        const scope = yield* scopeOf(left, right)
        yield* stores.users.save(scope, Samples.user(right, name))
        yield* stores.limits.take(scope, "user", rate, Samples.now)
        yield* stores.bindings.attach(shared, { agentId: left, userId: right })
        yield* stores.bindings.pin(shared, { template: left, owner: right }, name)
        yield* stores.conversations.resolve(
          shared,
          Samples.conversation(name, null, { agentId: left, key: right })
        )
      }
      for (const [left, right] of pairs) {
        const name = `${left} with ${right}`
        const scope = yield* scopeOf(left, right)
        const other = Samples.conversation("other", null, { agentId: left, key: right })
        const pinned = yield* stores.bindings.find(shared, { template: left, owner: right })
        assert.strictEqual(nameOf(yield* stores.users.find(scope, right)), name)
        assert.strictEqual((yield* stores.limits.left(scope, "user", rate, Samples.now)).left, 1)
        assert.strictEqual(Option.getOrUndefined(pinned), name)
        assert.strictEqual((yield* stores.conversations.resolve(shared, other)).id, name)
        for (const of of [{ agentId: left }, { userId: right }]) {
          const { items } = yield* stores.bindings.list(shared, of, {})
          const expected = pairs.filter(
            ([agentId, userId]) => agentId === of.agentId || userId === of.userId
          )
          assert.lengthOf(items, expected.length)
        }
      }
    })
  }),
  rule({
    id: "ISO-5e",
    sentence:
      "the turns, messages and facts of a conversation are not those of one whose id begins so",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const ids = ["c", "c1", "c 1", "c/1", "c.0000000000000001", "c%", "c\u{10ffff}", "C"]
      for (const id of ids) {
        yield* stores.conversations.resolve(scope, Samples.conversation(id, null))
        yield* stores.messages.append(scope, [Samples.messageAt(id, null, 1, 0, id)])
        yield* stores.turns.insert(scope, Samples.turn(`t ${id}`, id, null))
        yield* stores.turns.advance(scope, Samples.turn(`t ${id}`, id, null), [Samples.fact(1, id)])
      }
      const counts = (id: string) =>
        Effect.all([
          Effect.map(stores.messages.list(scope, id, {}), ({ items }) => items.length),
          Effect.map(stores.messages.recent(scope, id, 9, 9), (found) => found.length),
          Effect.map(stores.turns.unended(scope, id), (found) => found.length),
          Effect.map(
            stores.turns.facts(scope, Samples.turn(`t ${id}`, id, null), 0),
            (found) => found.length
          )
        ])
      for (const id of ids) assert.deepStrictEqual(yield* counts(id), [1, 1, 1, 1], id)
      yield* stores.conversations.delete(scope, "c")
      for (const id of ids) {
        assert.deepStrictEqual(yield* counts(id), id === "c" ? [0, 0, 0, 0] : [1, 1, 1, 1], id)
      }
    })
  }),
  rule({
    id: "ISO-5f",
    sentence: "an id that nobody can have is unknown: asked for, it is absent and nothing breaks",
    check: Effect.fnUntraced(function* () {
      const { maintenance, stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      for (const id of ["\ufffd", "a", "a\ufffd", "\ufffd x"]) {
        yield* stores.users.save(scope, Samples.user(id))
        yield* stores.agents.save(scope, Samples.agent(id, null))
        yield* stores.conversations.resolve(scope, Samples.conversation(id, null))
        yield* stores.turns.insert(scope, Samples.turn(id, id, null, { key: id }))
      }
      for (const id of refusedIds) {
        const finds: ReadonlyArray<Effect.Effect<Option.Option<unknown>, StorageError>> = [
          stores.users.find(scope, id),
          stores.keys.find(scope, id),
          stores.agents.find(scope, id),
          stores.conversations.find(scope, id),
          stores.turns.find(scope, id),
          stores.turns.findKeyed(scope, "a", id),
          maintenance.findTenant(id),
          maintenance.findKey(id),
          stores.bindings.find(scope, { template: id, owner: null })
        ]
        const exits = yield* Effect.forEach(finds, (find) => Effect.exit(find))
        for (const exit of exits) {
          const found = Exit.isSuccess(exit) && Option.isNone(exit.value)
          assert.isTrue(found, `${JSON.stringify(id.slice(0, 20))}: ${JSON.stringify(exit)}`)
        }
      }
    })
  })
]
