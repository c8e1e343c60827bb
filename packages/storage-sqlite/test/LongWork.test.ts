/** Long documents and wide searches, which give way to others while they work. */
import type { WordItem } from "@atrium/core/storage/WordStore"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { freshFile, opened } from "./support/Opened.ts"

const resolved = Effect.flatMap(TenantResolver, (resolver) =>
  resolver.renew({ tenant: "tenant", scopes: [] })
).pipe(Effect.provide(TenantResolver.layerTrusted))

const archive = { kind: "source", id: "source", userId: null } as const
const vocabulary = Array.from({ length: 64 }, (_, i) => `word${i}`)

/** Items that hold every word, each more of one of them. */
const items = (count: number): ReadonlyArray<WordItem> =>
  Array.from({ length: count }, (_, i) => ({
    item: `item${`${i}`.padStart(5, "0")}`,
    words: new Map(vocabulary.map((word, n) => [word, n === i % 64 ? 3 : 1]))
  }))

/** How often others had their turn while `self` ran. */
const beside = Effect.fnUntraced(function* <A, E>(self: Effect.Effect<A, E>) {
  let turns = 0
  let over = false
  const tick = (): void => {
    turns += 1
    if (!over) setImmediate(tick)
  }
  setImmediate(tick)
  const answer = yield* self
  over = true
  return { answer, turns }
})

describe("a storage that has much to do at once", () => {
  it.live("gives way while it indexes a long document, of which nobody sees a part", () =>
    Effect.flatMap(freshFile, (file) =>
      opened(
        file,
        Effect.fnUntraced(function* ({ stores: { words }, transact }) {
          const scope = yield* Effect.orDie(resolved)
          const counts = new Set<number>()
          const looking = yield* Effect.forkChild(
            Effect.forever(
              Effect.gen(function* () {
                counts.add((yield* words.search(scope, [archive], ["word1"], 2000)).length)
                yield* Effect.sleep(1)
              })
            )
          )
          const given = items(1000)
          const added = yield* beside(transact(words.add(scope, archive, given, 0)))
          assert.isAbove(added.turns, 20)
          yield* Effect.sleep(20)
          const ids = given.map(({ item }) => item)
          const removed = yield* beside(transact(words.remove(scope, archive, ids)))
          assert.isAbove(removed.turns, 20)
          yield* Effect.sleep(20)
          yield* Fiber.interrupt(looking)
          assert.deepStrictEqual([...counts].toSorted(), [0, 1000])
        })
      )
    )
  )

  it.live("gives way in a search of many words, and ranks as in one of few items", () =>
    Effect.flatMap(freshFile, (file) =>
      opened(
        file,
        Effect.fnUntraced(function* ({ stores: { words } }) {
          const scope = yield* Effect.orDie(resolved)
          const few = { ...archive, id: "few" }
          yield* words.add(scope, few, items(64), 0)
          yield* words.add(scope, archive, items(2048), 0)
          const small = yield* beside(words.search(scope, [few], vocabulary, 64))
          const wide = yield* beside(words.search(scope, [archive], vocabulary, 64))
          assert.isAbove(wide.turns, 5)
          assert.isBelow(small.turns, 5)
          const ids = (found: ReadonlyArray<{ readonly item: string }>) =>
            found.map(({ item }) => item)
          // All items are alike, so they come in the order of their names.
          assert.deepStrictEqual(ids(wide.answer), ids(items(64)))
          assert.deepStrictEqual(ids(small.answer), ids(items(64)))
          for (const { archive: of } of wide.answer) assert.deepStrictEqual(of, archive)
        })
      )
    )
  )
})
