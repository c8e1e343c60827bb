/** STO-3: lists come in pages, whole and in order, and a cursor opens nothing. */

import type { By } from "@atrium/core/Page"
import { Storage } from "@atrium/core/storage/Storage"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { range } from "./Interleaving.ts"
import { type Listing, maintenanceListings, scopedListings } from "./Listings.ts"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"

const idsTo = (n: number, prefix = "item") =>
  range(n).map((i) => `${prefix} ${i.toString().padStart(4, "0")}`)

/** All pages of `limit` items; a list that does not end fails. */
const pages = Effect.fnUntraced(function* (
  listing: Listing,
  scope: TenantScope,
  limit: number,
  newestFirst: boolean
) {
  const storage = yield* Storage
  const found: Array<ReadonlyArray<string>> = []
  let by: By = { limit, newestFirst }
  while (found.length < 200) {
    const page = yield* listing.read(storage, scope, by)
    found.push(page.items)
    if (Option.isNone(page.next)) return found
    by = { limit, newestFirst, after: page.next.value }
  }
  return assert.fail("the pages do not end")
})

const covers = (listing: Listing) =>
  Effect.gen(function* () {
    const scope = yield* scopeOf("tenant")
    const ids = idsTo(25)
    yield* listing.fill(yield* Storage, scope, ids)
    const whole = (yield* pages(listing, scope, 1000, false)).flat()
    if (listing.ordered) assert.deepStrictEqual(whole, ids)
    else assert.sameMembers(whole, [...ids])
    for (const limit of [1, 4, 5, 24, 25, 26]) {
      for (const newestFirst of [false, true]) {
        const found = yield* pages(listing, scope, limit, newestFirst)
        assert.deepStrictEqual(found.flat(), newestFirst ? whole.toReversed() : whole)
        assert.lengthOf(found, Math.ceil(25 / limit), `pages of ${limit}`)
        for (const page of found.slice(0, -1)) assert.lengthOf(page, limit)
      }
    }
  })

/** Texts that a cursor may be, whoever made them up. */
const hostile = [
  "",
  "0",
  "-1",
  "NaN",
  "%",
  "_",
  "'",
  "' or 1=1 --",
  "..",
  "\u0000",
  "\u0001",
  "\u0002",
  "\u007f",
  "\ud800",
  "\udfff x",
  "\u{10ffff}",
  "item 9999",
  "9".repeat(400),
  "x".repeat(10_000),
  "{}",
  "e30="
]

const confined = (listing: Listing) =>
  Effect.gen(function* () {
    const storage = yield* Storage
    const scope = yield* scopeOf("tenant b")
    const others = [yield* scopeOf("tenant a"), yield* scopeOf("tenant c")]
    for (const other of others) yield* listing.fill(storage, other, idsTo(5, "foreign"))
    yield* listing.fill(storage, scope, idsTo(5))
    const cursors = [...hostile]
    for (const other of others) {
      const { next } = yield* listing.read(storage, other, { limit: 2 })
      cursors.push(Option.getOrElse(next, () => ""))
    }
    for (const after of cursors) {
      for (const newestFirst of [false, true]) {
        const exit = yield* Effect.exit(listing.read(storage, scope, { after, newestFirst }))
        const shown = JSON.stringify(after.slice(0, 20))
        if (Exit.isSuccess(exit)) {
          const foreign = exit.value.items.filter((id) => !idsTo(5).includes(id))
          assert.deepStrictEqual(foreign, [], `after ${shown}`)
        } else {
          const error = Cause.squash(exit.cause)
          assert.propertyVal(error, "_tag", "StorageError", `after ${shown}: ${error}`)
          assert.nestedPropertyVal(error, "reason._tag", "Rejected", `after ${shown}`)
        }
      }
    }
    assert.lengthOf((yield* listing.read(storage, scope, {})).items, 5)
  })

const perListing = (
  law: string,
  sentence: string,
  listings: ReadonlyArray<Listing>,
  check: (listing: Listing) => ReturnType<typeof covers> | ReturnType<typeof confined>
): ReadonlyArray<StorageRule> =>
  listings.map((listing) =>
    rule({ id: `${law} ${listing.name}`, sentence, check: () => check(listing) })
  )

/** Ids in the order of their bytes; the last two are the other way round in that of UTF-16 units. */
const bytewise = [
  "!",
  "%",
  "0",
  "A",
  "B",
  "_",
  "a",
  "a!",
  "a/",
  "aa",
  "b",
  "é",
  "\uffff",
  "\u{10000}"
]

export const lists: ReadonlyArray<StorageRule> = [
  ...perListing(
    "STO-3a",
    "pages of any size, from either end, hold everything once and in order",
    [...scopedListings, ...maintenanceListings],
    covers
  ),
  ...perListing(
    "STO-3b",
    "a cursor that was made up, or is another scope's, opens nothing and breaks nothing",
    scopedListings,
    confined
  ),
  rule({
    id: "STO-3c",
    sentence: "without a limit a page holds 100 items",
    check: Effect.fnUntraced(function* () {
      const storage = yield* Storage
      const scope = yield* scopeOf("tenant")
      for (const listing of scopedListings) {
        yield* listing.fill(storage, scope, idsTo(101))
        const page = yield* listing.read(storage, scope, {})
        assert.lengthOf(page.items, 100, listing.name)
        assert.isTrue(Option.isSome(page.next), listing.name)
      }
    })
  }),
  rule({
    id: "STO-3d",
    sentence: "users are listed in the order of their ids' bytes",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      for (const id of bytewise.toReversed()) yield* stores.users.save(scope, Samples.user(id))
      const { items } = yield* stores.users.list(scope, {})
      assert.deepStrictEqual(
        items.map(({ id }) => id),
        bytewise
      )
    })
  }),
  rule({
    id: "STO-3i",
    sentence: "passages are listed in the order of their ids' bytes, documents of their names'",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      for (const id of bytewise.toReversed()) {
        yield* stores.passages.insert(scope, [
          Samples.passage(id, Samples.source(), { tags: ["tag"] })
        ])
        yield* stores.documents.save(scope, Samples.document("source", id))
      }
      for (const tags of [[], ["tag"]]) {
        const { items } = yield* stores.passages.list(scope, Samples.source(), { tags })
        assert.deepStrictEqual(
          items.map(({ id }) => id),
          bytewise
        )
      }
      const { items } = yield* stores.documents.list(scope, "source", {})
      assert.deepStrictEqual(
        items.map(({ name }) => name),
        bytewise
      )
    })
  }),
  rule({
    id: "STO-3e",
    sentence: "agents are listed by tags: those that carry all that were asked for, byte by byte",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const tags = [["a"], ["b"], ["a", "b"], ["A"], ["a%"], ["ab"], ["a,b"], ['a"'], []]
      for (const [i, of] of tags.entries()) {
        yield* stores.agents.save(scope, Samples.agent(`agent ${i}`, null, { tags: of }))
      }
      const tagged = (tags: ReadonlyArray<string>, limit = 100) =>
        Effect.map(stores.agents.list(scope, { tags, limit }), ({ items, next }) => [
          ...items.map((agent) => agent.tags.join("+")),
          ...Option.toArray(Option.as(next, "more"))
        ])
      assert.deepStrictEqual(yield* tagged(["a"]), ["a", "a+b"])
      assert.deepStrictEqual(yield* tagged(["b", "a"]), ["a+b"])
      assert.deepStrictEqual(yield* tagged(["a", "a"]), ["a", "a+b"])
      assert.deepStrictEqual(yield* tagged(["%"]), [])
      assert.deepStrictEqual(yield* tagged(["_"]), [])
      assert.deepStrictEqual(yield* tagged(["a", "c"]), [])
      assert.deepStrictEqual(yield* tagged(["a"], 1), ["a", "more"])
      assert.deepStrictEqual(yield* tagged(["a"], 2), ["a", "a+b"])
      assert.lengthOf(yield* tagged([]), tags.length)
    })
  }),
  rule({
    id: "STO-3f",
    sentence: "a cursor stands where it stood when its item, or others, are deleted or added",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const save = (id: string) => stores.agents.save(scope, Samples.agent(id, null))
      for (const id of ["b", "d", "f", "h"]) yield* save(id)
      const first = yield* stores.agents.list(scope, { limit: 2 })
      yield* stores.agents.delete(scope, "d")
      for (const id of ["a", "aa"]) yield* save(id)
      yield* stores.agents.delete(scope, "f")
      const rest = yield* stores.agents.list(scope, { after: Option.getOrThrow(first.next) })
      assert.deepStrictEqual(
        rest.items.map(({ id }) => id),
        ["h"]
      )
    })
  }),
  rule({
    id: "STO-3g",
    sentence: "a user's pages are whole among those of many other users",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      for (const i of range(120)) {
        const user = `user ${i % 12}`
        const id = `c ${i.toString().padStart(4, "0")}`
        const scope = yield* scopeOf("tenant", user)
        yield* stores.conversations.resolve(scope, Samples.conversation(id, user))
      }
      const own = yield* scopeOf("tenant", "user 11")
      const listing = scopedListings.find(({ name }) => name === "conversations.list")
      assert.isDefined(listing)
      if (listing === undefined) return
      const found = yield* pages(listing, own, 3, false)
      assert.deepStrictEqual(
        found.map((page) => page.length),
        [3, 3, 3, 1]
      )
    })
  })
]
