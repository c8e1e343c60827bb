/** STO-2: of what happens at once nothing is lost, doubled or half seen. */

import { Storage } from "@atrium/core/storage/Storage"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { atOnce, jitter, range, seeded } from "./Interleaving.ts"
import { interleave } from "./Operations.ts"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"

export const concurrency: ReadonlyArray<StorageRule> = [
  rule({
    id: "STO-2a",
    rows: ["096"],
    sentence: "of 100 transactions at once that read a number and write the next one none is lost",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const { stores, transact } = yield* Storage
          const scope = yield* scopeOf("tenant", "user")
          yield* stores.conversations.resolve(scope, Samples.conversation("c", "user"))
          const increment = Effect.gen(function* () {
            const found = Option.getOrThrow(yield* stores.conversations.find(scope, "c"))
            yield* jitter
            yield* stores.conversations.save(scope, { ...found, length: found.length + 1 })
            return found.length + 1
          })
          const answers = yield* atOnce(range(100).map(() => transact(increment)))
          const found = Option.getOrThrow(yield* stores.conversations.find(scope, "c"))
          assert.strictEqual(found.length, 100)
          assert.sameMembers(
            [...answers],
            range(100).map((i) => i + 1)
          )
        })
      )
  }),
  rule({
    id: "STO-2b",
    sentence: "who reads in a transaction sees all or nothing of each other transaction",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const { stores, transact } = yield* Storage
          const scope = yield* scopeOf("tenant")
          const write = (n: number) =>
            Effect.all([
              stores.users.save(scope, Samples.user("left", `${n}`)),
              jitter,
              stores.users.save(scope, Samples.user("right", `${n}`))
            ])
          const nameOf = (id: string) =>
            Effect.map(stores.users.find(scope, id), (found) => Option.getOrThrow(found).name)
          const read = Effect.gen(function* () {
            const left = yield* nameOf("left")
            yield* jitter
            const right = yield* nameOf("right")
            yield* jitter
            const { items } = yield* stores.users.list(scope, {})
            return [left, right, ...items.map(({ name }) => name)]
          })
          yield* transact(write(0))
          const seen = yield* atOnce(
            range(60).map((n) =>
              Effect.andThen(
                jitter,
                n % 2 === 0 ? Effect.as(transact(write(n)), []) : transact(read)
              )
            )
          )
          for (const names of seen) assert.isAtMost(new Set(names).size, 1, names.join(" "))
        })
      )
  }),
  rule({
    id: "STO-2f",
    sentence: "no transaction fails because it saw half of another one",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const { stores, transact } = yield* Storage
          const scope = yield* scopeOf("tenant")
          const write = (n: number) =>
            Effect.forEach(["left", "right"], (id) =>
              Effect.andThen(jitter, stores.users.save(scope, Samples.user(id, `${n}`)))
            )
          const read = Effect.gen(function* () {
            const left = yield* stores.users.find(scope, "left")
            yield* jitter
            const right = yield* stores.users.find(scope, "right")
            const names = [left, right].map((found) => Option.getOrThrow(found).name)
            if (names[0] !== names[1]) return yield* Effect.fail(names)
          })
          yield* transact(write(0))
          const tasks = range(60).map((n) => transact(n % 2 === 0 ? write(n) : read))
          yield* atOnce(tasks.map((task) => Effect.andThen(jitter, task)))
        })
      )
  }),
  rule({
    id: "STO-2c",
    sentence:
      "of two transactions that each rest on what the other one changes, one sees the other's",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const { stores, transact } = yield* Storage
          const scope = yield* scopeOf("tenant")
          const isOn = (id: string) =>
            Effect.map(
              stores.users.find(scope, id),
              (found) => Option.getOrThrow(found).name === "on"
            )
          // One of the two must stay on: each goes off only while the other is on.
          const goOff = (id: string, other: string) =>
            Effect.gen(function* () {
              const may = (yield* isOn(id)) && (yield* isOn(other))
              yield* jitter
              if (may) yield* stores.users.save(scope, Samples.user(id, "off"))
            })
          for (const _ of range(10)) {
            yield* stores.users.save(scope, Samples.user("a", "on"))
            yield* stores.users.save(scope, Samples.user("b", "on"))
            yield* atOnce([transact(goOff("a", "b")), transact(goOff("b", "a"))])
            const on = [yield* isOn("a"), yield* isOn("b")]
            assert.sameMembers(on, [true, false])
          }
        })
      )
  }),
  rule({
    id: "STO-2d",
    rows: ["085", "100"],
    sentence: "10 users append 100 messages each, all 1,000 at once: each ends with 100",
    check: Effect.fnUntraced(function* () {
      const { stores, transact } = yield* Storage
      const users = range(10).map((i) => `user ${i}`)
      const scopes = new Map(
        yield* Effect.forEach(users, (user) =>
          Effect.map(scopeOf("tenant", user), (scope) => [user, scope] as const)
        )
      )
      for (const [user, scope] of scopes) {
        yield* stores.conversations.resolve(scope, Samples.conversation(`of ${user}`, user))
      }
      const append = (user: string) =>
        Effect.gen(function* () {
          const scope = yield* scopeOf("tenant", user)
          const id = `of ${user}`
          const found = Option.getOrThrow(yield* stores.conversations.find(scope, id))
          const position = found.position + 1
          yield* stores.conversations.save(scope, { ...found, position })
          yield* stores.messages.append(scope, [Samples.messageAt(id, user, position, 0, user)])
        })
      yield* atOnce(
        range(1000)
          .flatMap((i) => users[i % 10] ?? [])
          .map((user) => transact(append(user)))
      )
      for (const [user, scope] of scopes) {
        const { items } = yield* stores.messages.list(scope, `of ${user}`, { limit: 1000 })
        assert.lengthOf(items, 100)
        assert.deepStrictEqual(
          items,
          range(100).map((i) => Samples.messageAt("", null, i + 1, 0, user).message)
        )
      }
    })
  }),
  rule({
    id: "STO-2e",
    rows: ["096"],
    sentence:
      "10,000 random operations of 15 users at once, thrice: every answer and every count is exact",
    check: () => seeded(interleave(10_000), 3)
  })
]
