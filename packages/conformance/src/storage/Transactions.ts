/** STO-1 and ADP-3: all of a transaction or nothing, seen by nobody before it is done. */

import { Storage } from "@atrium/core/storage/Storage"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import { settle } from "./Interleaving.ts"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"
import { idsOf } from "./specimens/Specimen.ts"
import { byMethod } from "./specimens/Specimens.ts"
import { plant, readBack } from "./specimens/World.ts"

const ids = idsOf("alpha")
const own = scopeOf("tenant", ids.user)

const names = (scope: TenantScope) =>
  Effect.flatMap(Storage, ({ stores }) =>
    Effect.map(stores.users.list(scope, {}), ({ items }) => items.map(({ id }) => id))
  )

const save = (scope: TenantScope, id: string) =>
  Effect.flatMap(Storage, ({ stores }) => stores.users.save(scope, Samples.user(id)))

/** `end` comes after a transaction has written to every store: nothing of it is there afterwards. */
const leavesNothing = Effect.fnUntraced(function* <E>(end: Effect.Effect<unknown, E>) {
  const storage = yield* Storage
  const scope = yield* own
  const before = yield* readBack(storage, scope, ids)
  const exit = yield* Effect.exit(storage.transact(Effect.andThen(plant(storage, scope, ids), end)))
  assert.isTrue(Exit.isFailure(exit), "the transaction tells that it failed")
  assert.strictEqual(yield* readBack(storage, scope, ids), before)
  yield* storage.transact(plant(storage, scope, ids))
  assert.notStrictEqual(yield* readBack(storage, scope, ids), before)
})

export const transactions: ReadonlyArray<StorageRule> = [
  rule({
    id: "STO-1a",
    sentence: "a transaction that succeeds answers its value, and all that it wrote is there",
    check: Effect.fnUntraced(function* () {
      const { transact } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const write = Effect.andThen(save(scope, "a"), Effect.as(save(scope, "b"), "value"))
      assert.strictEqual(yield* transact(write), "value")
      assert.deepStrictEqual(yield* names(scope), ["a", "b"])
    })
  }),
  rule({
    id: "STO-1b",
    sentence: "a transaction that fails answers its error, and leaves nothing in any store",
    check: Effect.fnUntraced(function* () {
      const { transact } = yield* Storage
      yield* leavesNothing(Effect.fail("mine"))
      assert.strictEqual(yield* Effect.flip(transact(Effect.fail("mine"))), "mine")
    })
  }),
  rule({
    id: "STO-1c",
    sentence: "a transaction that dies leaves nothing in any store",
    check: () => leavesNothing(Effect.die("a defect"))
  }),
  rule({
    id: "STO-1d",
    sentence: "a transaction sees its own writes and deletions",
    check: Effect.fnUntraced(function* () {
      const storage = yield* Storage
      const { stores, transact } = storage
      const scope = yield* own
      const inside = yield* transact(
        Effect.andThen(plant(storage, scope, ids), readBack(storage, scope, ids))
      )
      assert.strictEqual(inside, yield* readBack(storage, scope, ids))
      const deleted = transact(
        Effect.gen(function* () {
          yield* stores.conversations.delete(scope, ids.conversation)
          yield* stores.agents.delete(scope, ids.agent)
          const { items } = yield* stores.agents.list(scope, {})
          const messages = yield* stores.messages.list(scope, ids.conversation, {})
          return [...items, ...messages.items]
        })
      )
      assert.deepStrictEqual(yield* deleted, [])
    })
  }),
  rule({
    id: "STO-1e",
    sentence: "nobody sees what a transaction has written before it is done",
    check: Effect.fnUntraced(function* () {
      const { transact } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const written = yield* Latch.make(false)
      const asked = yield* Latch.make(false)
      // It never commits, so whenever the reader is answered it may see nothing of it.
      const writer = yield* Effect.forkChild(
        transact(
          save(scope, "unseen").pipe(
            Effect.andThen(written.open),
            Effect.andThen(asked.await),
            Effect.andThen(Effect.fail("rolled back"))
          )
        )
      )
      yield* written.await
      const readers = [
        yield* Effect.forkChild(names(scope)),
        yield* Effect.forkChild(transact(names(scope)))
      ]
      yield* settle
      yield* asked.open
      for (const reader of readers) assert.deepStrictEqual(yield* Fiber.join(reader), [])
      assert.isTrue(Exit.isFailure(yield* Fiber.await(writer)))
    })
  }),
  rule({
    id: "STO-1f",
    sentence: "a transaction in a transaction joins it: what the outer one loses, both lose",
    check: Effect.fnUntraced(function* () {
      const { transact } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const both = Effect.andThen(save(scope, "outer"), transact(save(scope, "inner")))
      const failed = transact(Effect.andThen(both, Effect.fail("outer")))
      assert.strictEqual(yield* Effect.flip(failed), "outer")
      assert.deepStrictEqual(yield* names(scope), [])
      yield* transact(both)
      assert.deepStrictEqual(yield* names(scope), ["inner", "outer"])
    })
  }),
  rule({
    id: "STO-1g",
    sentence:
      "a transaction in a transaction that fails leaves nothing, also where the outer goes on",
    check: Effect.fnUntraced(function* () {
      const { transact } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const inner = transact(Effect.andThen(save(scope, "inner"), Effect.fail("inner")))
      const seen = yield* transact(
        save(scope, "before").pipe(
          Effect.andThen(Effect.flip(inner)),
          Effect.andThen(save(scope, "after")),
          Effect.andThen(names(scope))
        )
      )
      assert.deepStrictEqual(seen, ["after", "before"])
      assert.deepStrictEqual(yield* names(scope), ["after", "before"])
    })
  }),
  rule({
    id: "STO-1h",
    sentence: "a transaction of 1,000 writes is one transaction",
    check: Effect.fnUntraced(function* () {
      const { stores, transact } = yield* Storage
      const scope = yield* scopeOf("tenant")
      yield* stores.conversations.resolve(scope, Samples.conversation("c", null))
      yield* transact(
        Effect.forEach(
          Array.from({ length: 1000 }, (_, i) => i),
          (i) => stores.messages.append(scope, [Samples.messageAt("c", null, i + 1, 0)]),
          { discard: true }
        )
      )
      const { items, next } = yield* stores.messages.list(scope, "c", { limit: 1000 })
      assert.lengthOf(items, 1000)
      assert.isTrue(Option.isNone(next))
    })
  }),
  rule({
    id: "STO-1i",
    sentence:
      "a transaction that fails takes back whatever methods of whatever stores it has called",
    check: Effect.fnUntraced(function* () {
      const storage = yield* Storage
      const scope = yield* own
      const whole = yield* scopeOf("tenant")
      yield* plant(storage, scope, ids)
      const before = yield* readBack(storage, scope, ids)
      for (const methods of [byMethod, byMethod.toReversed()]) {
        const calls = Effect.forEach(methods, ([, { by, call }]) =>
          call(storage.stores, by === "user" ? scope : whole, ids, ids.user)
        )
        const changed = Effect.andThen(calls, readBack(storage, scope, ids))
        const inside = yield* Effect.flip(storage.transact(Effect.flatMap(changed, Effect.fail)))
        assert.notStrictEqual(inside, before)
        assert.strictEqual(yield* readBack(storage, scope, ids), before)
      }
    })
  }),
  rule({
    id: "ADP-3",
    sentence: "a transaction that is interrupted leaves nothing, and frees what it held",
    check: Effect.fnUntraced(function* () {
      const storage = yield* Storage
      const scope = yield* own
      const before = yield* readBack(storage, scope, ids)
      for (const _ of [1, 2, 3]) {
        const written = yield* Latch.make(false)
        const fiber = yield* Effect.forkChild(
          storage.transact(
            Effect.andThen(plant(storage, scope, ids), Effect.andThen(written.open, Effect.never))
          )
        )
        yield* written.await
        // One that waits for the same rows goes on when they are freed.
        const waiting = yield* Effect.forkChild(storage.transact(save(scope, "somebody else")))
        yield* settle
        yield* Fiber.interrupt(fiber)
        yield* Fiber.join(waiting)
        assert.strictEqual(yield* readBack(storage, scope, ids), before)
      }
      yield* storage.transact(plant(storage, scope, ids))
      assert.notStrictEqual(yield* readBack(storage, scope, ids), before)
    })
  })
]
