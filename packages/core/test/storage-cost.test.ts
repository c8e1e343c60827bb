/** What a store reads grows with what is asked for, and not with what is stored. */

import type { Archive } from "@atrium/core/storage/Archive"
import type { BlockRecord } from "@atrium/core/storage/BlockStore"
import * as MemoryDriver from "@atrium/core/storage/MemoryDriver"
import { lift } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Usage from "@atrium/core/turns/Usage"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as References from "effect/References"

/** A storage in memory that counts the entries its driver gives out. */
const counting = () => {
  const driver = MemoryDriver.make()
  let read = 0
  const storage = lift({
    ...driver,
    get: (keys) =>
      Effect.tap(driver.get(keys), () =>
        Effect.sync(() => {
          read += keys.length
        })
      ),
    scan: (range) =>
      Effect.tap(driver.scan(range), (entries) =>
        Effect.sync(() => {
          read += entries.length
        })
      )
  })
  /** How many entries `self` reads. */
  const cost = <A, E>(self: Effect.Effect<A, E>): Effect.Effect<number, E> =>
    Effect.suspend(() => {
      const before = read
      return Effect.map(self, () => read - before)
    })
  return { cost, stores: storage.stores }
}

const scopeOf = (user?: string) =>
  Effect.flatMap(TenantResolver, (resolver) =>
    resolver.renew({ tenant: "t", scopes: [], ...(user === undefined ? {} : { user }) })
  ).pipe(
    Effect.provide(TenantResolver.layerTrusted),
    Effect.provideService(References.MinimumLogLevel, "Error")
  )

const range = (n: number) => Array.from({ length: n }, (_, i) => i)

const blockOf = (userId: string, conversationId: string | null): BlockRecord => ({
  id: `${userId} ${conversationId}`,
  agentId: "shared",
  userId,
  conversationId,
  label: "human",
  description: "",
  value: "",
  owner: conversationId === null ? "user" : "conversation",
  limit: 2000,
  readOnly: false,
  revision: 1,
  trust: "derived",
  at: 0
})

describe("what a store reads", () => {
  it.effect("of passages: a page, however many the archive holds and however rare the tag", () =>
    Effect.gen(function* () {
      const { cost, stores } = counting()
      const scope = yield* scopeOf()
      const archive: Archive = { kind: "source", id: "s", userId: null }
      for (const part of range(10)) {
        yield* stores.passages.insert(
          scope,
          range(300).map((i) => ({
            id: `p ${part}.${i}`,
            archive,
            text: "",
            document: null,
            from: 0,
            to: 0,
            tags: ["common", ...(i === 7 ? ["rare"] : [])],
            at: 0
          }))
        )
      }
      const read = (tags: ReadonlyArray<string>) =>
        cost(stores.passages.list(scope, archive, { limit: 10, tags }))
      // The index rows of the page, one more that tells of a next page, and the passages.
      assert.isAtMost(yield* read([]), 21)
      assert.isAtMost(yield* read(["common"]), 21)
      assert.isAtMost(yield* read(["rare"]), 21)
      assert.isAtMost(yield* read(["rare", "common"]), 21)
      assert.isAtMost(yield* read(["no such"]), 1)
    })
  )

  it.effect("of blocks: those of the user and the conversation, among thousands of others", () =>
    Effect.gen(function* () {
      const { cost, stores } = counting()
      const whole = yield* scopeOf()
      const own = range(500).map((i) => blockOf("user", `c ${i}`))
      const others = range(500).map((i) => blockOf(`user ${i}`, null))
      yield* stores.blocks.insert(whole, [blockOf("user", null), ...own, ...others])
      const scope = yield* scopeOf("user")
      assert.isAtMost(yield* cost(stores.blocks.list(scope, "shared", "c 7")), 4)
      assert.isAtMost(yield* cost(stores.blocks.clear(whole, "shared", "c 7")), 4)
      assert.isAtMost(yield* cost(stores.blocks.clear(scope, "shared", "c 8")), 4)
    })
  )

  it.effect("of the ledger: the rows between two moments, and at most a batch more", () =>
    Effect.gen(function* () {
      const { cost, stores } = counting()
      const scope = yield* scopeOf()
      for (const part of range(5)) {
        yield* stores.ledger.append(
          scope,
          range(1000).map((i) => ({
            turnId: "turn",
            sequence: 1,
            conversationId: "c",
            agentId: "a",
            userId: null,
            at: 1000 * part + i,
            call: { purpose: "chat", model: "m", usage: Usage.none, finish: "stop" },
            turns: 1,
            messages: 2
          }))
        )
      }
      const { calls, messages, turns } = yield* stores.ledger.total(scope, 3000, 3010)
      assert.deepStrictEqual([calls, turns, messages], [10, 10, 20])
      assert.isAtMost(yield* cost(stores.ledger.total(scope, 3000, 3010)), 500)
      assert.isAtMost(yield* cost(stores.ledger.total(scope, 0, 1000)), 1500)
      assert.isAtMost(yield* cost(stores.ledger.total(scope, 5000, 9000)), 0)
    })
  )

  it.effect("of words: a removal's own rows, and one posting", () =>
    Effect.gen(function* () {
      const { cost, stores } = counting()
      const scope = yield* scopeOf()
      const archive: Archive = { kind: "agent", id: "a", userId: null }
      const words = new Map(range(100).map((i) => [`word ${i}`, 1]))
      const items = range(50).map((i) => ({ item: `i ${i}`, words }))
      yield* stores.words.add(scope, archive, items, 1)
      assert.isAtMost(yield* cost(stores.words.remove(scope, archive, ["i 3"])), 3)
      assert.isAtMost(yield* cost(stores.words.remove(scope, archive, ["no such"])), 2)
    })
  )
})
