/**
 * Stores of memory and the ledger answer as the lift over memory does: random operations under
 * several scopes, applied to both, one after another.
 */
import type { Archive } from "@atrium/core/storage/Archive"
import { Storage } from "@atrium/core/storage/Storage"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { freshFile, opened, scopeOf } from "./support/Opened.ts"
import { comparable, weighted } from "./support/Operations.ts"
import { Draw, users } from "./support/Samples.ts"

const whole: Archive = { kind: "agent", id: "agent", userId: "alice" }

describe("the stores on SQLite", () => {
  for (const round of [0, 1, 2]) {
    const seed = Number(process.env["ATRIUM_SEED"] ?? Math.floor(Math.random() * 1e9)) + round
    it.live(
      `answer as the lift does, seed ${seed}`,
      () =>
        Effect.gen(function* () {
          const draw = new Draw(seed)
          const scopes = [
            yield* scopeOf(),
            yield* scopeOf(users[0]),
            yield* scopeOf(users[1])
          ] as const
          const lift = yield* Effect.provide(Storage, Storage.layerMemory)
          const answers = new Map<string, Set<string>>()
          yield* opened(yield* freshFile, (sqlite) =>
            Effect.gen(function* () {
              for (let i = 0; i < 4000; i++) {
                const [name, make] = draw.one(weighted)
                const [operation, scope] = [make(draw), draw.one(scopes)]
                const expected = yield* operation(lift.stores, scope)
                const found = yield* operation(sqlite.stores, scope)
                const user = Option.getOrNull(scope.userId)
                assert.deepStrictEqual(found, expected, `${name} of ${user}, ${i}, seed ${seed}`)
                answers.set(name, (answers.get(name) ?? new Set()).add(JSON.stringify(found) ?? ""))
              }
            })
          )
          // A test that compares nothing with nothing is none.
          for (const name of ["blocks.changes", "passages.list", "turns", "words.search"]) {
            assert.isAbove(answers.get(name)?.size ?? 0, 4, name)
          }
        }),
      60_000
    )
  }

  it.live(
    "rank 40 words over 100 archives as the lift does, and index 1,000 items at once",
    () =>
      Effect.gen(function* () {
        const draw = new Draw(7)
        const scope = yield* scopeOf("alice")
        const lift = yield* Effect.provide(Storage, Storage.layerMemory)
        const archives = Array.from(
          { length: 100 },
          (_, i): Archive => ({
            ...{
              kind: "conversation",
              id: `conversation ${i}`,
              userId: i % 10 === 0 ? null : "alice"
            }
          })
        )
        const words = Array.from({ length: 40 }, (_, i) => `word ${i}`)
        const items = Array.from({ length: 1000 }, (_, i) => ({
          item: `item ${i}`,
          words: new Map(
            words.flatMap((word) => (draw.below(8) === 0 ? [[word, 1 + draw.below(5)]] : []))
          )
        }))
        yield* opened(yield* freshFile, (sqlite) =>
          Effect.gen(function* () {
            const all = yield* scopeOf()
            for (const { stores } of [lift, sqlite]) {
              for (const [i, archive] of archives.entries()) {
                yield* stores.words.add(all, archive, items.slice(i * 10, i * 10 + 10), i)
              }
              yield* stores.words.add(scope, whole, items, 1)
            }
            for (const searched of [archives, [whole], [...archives, whole]]) {
              const expected = yield* lift.stores.words.search(scope, searched, words, 2000)
              const found = yield* sqlite.stores.words.search(scope, searched, words, 2000)
              assert.isAbove(found.length, 900)
              assert.deepStrictEqual(comparable(found), comparable(expected))
            }
          })
        )
      }),
    60_000
  )
})
