/** TRN-7, ADP-1: what is there after closing and opening again, and who may open it. */

import { Storage } from "@atrium/core/storage/Storage"
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { atOnce, jitter, range } from "./Interleaving.ts"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { Place, rule, type StorageRule } from "./StorageRule.ts"
import { idsOf } from "./specimens/Specimen.ts"
import { plant, readBack } from "./specimens/World.ts"

const ids = idsOf("alpha")
const reopened = ({ reopen }: { readonly reopen: boolean }) => reopen

const incrementAtOnce = Effect.fnUntraced(function* (times: number) {
  const { stores, transact } = yield* Storage
  const scope = yield* scopeOf("tenant", "user")
  const increment = Effect.gen(function* () {
    const found = Option.getOrThrow(yield* stores.conversations.find(scope, "c"))
    yield* jitter
    yield* stores.conversations.save(scope, { ...found, length: found.length + 1 })
  })
  yield* atOnce(range(times).map(() => transact(increment)))
})

export const opening: ReadonlyArray<StorageRule> = [
  rule({
    id: "ADP-1a",
    sentence: "it declares one owner or many, and a durability: memory if closing loses everything",
    check: Effect.fnUntraced(function* () {
      const { durability, owners } = yield* Storage
      const { reopen } = yield* Place
      assert.include(reopen ? ["power", "process"] : ["memory"], durability)
      assert.include(["one", "many"], owners)
    })
  }),
  {
    id: "TRN-7c",
    sentence: "everything that was acknowledged is there after closing and opening, in every store",
    applies: reopened,
    check: Effect.gen(function* () {
      const { open } = yield* Place
      const scope = yield* scopeOf("tenant", ids.user)
      const tenant = { id: "tenant", name: "name", plan: "pro" }
      const read = Effect.flatMap(Storage, (storage) =>
        Effect.all([
          readBack(storage, scope, ids),
          Effect.map(storage.maintenance.findTenant("tenant"), Option.getOrUndefined),
          storage.stores.limits.left(scope, "tenant", { turns: 9, windowMs: 60_000 }, Samples.now)
        ])
      )
      const written = yield* open(
        Effect.gen(function* () {
          const storage = yield* Storage
          yield* storage.maintenance.saveTenant(tenant)
          yield* plant(storage, scope, ids)
          yield* storage.stores.messages.skip(scope, ids.conversation, 1)
          return yield* read
        })
      )
      assert.deepStrictEqual(written[1], tenant)
      for (const _ of [1, 2]) assert.deepStrictEqual(yield* open(read), written)
    })
  },
  {
    id: "TRN-7d",
    sentence: "nothing is there, after closing and opening, of a transaction that did not succeed",
    applies: reopened,
    check: Effect.gen(function* () {
      const { open } = yield* Place
      const scope = yield* scopeOf("tenant", ids.user)
      const read = Effect.flatMap(Storage, (storage) => readBack(storage, scope, ids))
      const before = yield* open(
        Effect.gen(function* () {
          const storage = yield* Storage
          const empty = yield* read
          for (const end of [Effect.fail("failed"), Effect.die("died"), Effect.interrupt]) {
            const self = Effect.andThen(plant(storage, scope, ids), end)
            yield* Effect.exit(Effect.asVoid(storage.transact(self)))
          }
          return empty
        })
      )
      assert.strictEqual(yield* open(read), before)
    })
  },
  {
    id: "ADP-1b",
    sentence: "a second owner is refused as Locked where one may own it; many work on one state",
    applies: reopened,
    check: Effect.gen(function* () {
      const { open } = yield* Place
      const first = Effect.gen(function* () {
        const { owners, stores } = yield* Storage
        const scope = yield* scopeOf("tenant", "user")
        yield* stores.conversations.resolve(scope, Samples.conversation("c", "user"))
        if (owners === "many") {
          yield* atOnce([incrementAtOnce(50), open(incrementAtOnce(50))])
          const found = yield* stores.conversations.find(scope, "c")
          return assert.strictEqual(Option.getOrThrow(found).length, 100)
        }
        const second = yield* Effect.exit(open(Effect.void))
        assert.isTrue(Exit.isFailure(second), "a second owner opened it")
        if (Exit.isSuccess(second)) return
        assert.nestedPropertyVal(Cause.squash(second.cause), "reason._tag", "Locked")
        yield* incrementAtOnce(1)
      })
      yield* open(first)
      yield* open(incrementAtOnce(1))
    })
  }
]
