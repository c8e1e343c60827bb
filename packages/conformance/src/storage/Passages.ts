/** Passages and documents: kept as they were cut, found by id and tag, gone when they are deleted. */

import type { Archive } from "@atrium/core/storage/Archive"
import type { PassageRecord } from "@atrium/core/storage/PassageStore"
import { Storage } from "@atrium/core/storage/Storage"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { texts } from "./Hostile.ts"
import { atOnce, jitter, range, seeded } from "./Interleaving.ts"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"

const of = Samples.archive("user")

const idsOf = (found: ReadonlyArray<PassageRecord>) => found.map(({ id }) => id)

export const passages: ReadonlyArray<StorageRule> = [
  rule({
    id: "STO-5j",
    sentence: "a passage is kept whole, every character, and found by its id in the order asked",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      const all = texts.map((text, i) =>
        Samples.passage(`p ${i}`, of, {
          text,
          document: i % 2 === 0 ? (texts[i % 3] ?? "") : null,
          from: i,
          to: i + text.length,
          tags: i % 2 === 0 ? ["b", "a", "b", ...texts.slice(0, 2)] : []
        })
      )
      yield* stores.passages.insert(scope, all)
      const mixed = [3, 0, 7, 2].map((i) => `p ${i}`)
      const found = yield* stores.passages.find(scope, [...mixed, "no such", "P 1"])
      assert.deepStrictEqual(
        found,
        [3, 0, 7, 2].flatMap((i) => all[i] ?? [])
      )
      assert.deepStrictEqual(yield* stores.passages.find(scope, []), [])
      assert.deepStrictEqual((yield* stores.passages.list(scope, of, {})).items, all)
    })
  }),
  rule({
    id: "STO-5k",
    sentence:
      "a passage whose id is taken is not written, also not into another archive, nor at once",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const { stores, transact } = yield* Storage
          const scope = yield* scopeOf("tenant", "user")
          const other = Samples.archive("user", "other")
          const made = (i: number) =>
            Samples.passage("p", i % 2 === 0 ? of : other, { text: `${i}`, tags: ["tag"] })
          yield* atOnce(
            range(20).map((i) => {
              const insert = stores.passages.insert(scope, [made(i)])
              return Effect.andThen(
                jitter,
                i % 3 === 0 ? insert : transact(Effect.tap(insert, () => jitter))
              )
            })
          )
          const [kept] = yield* stores.passages.find(scope, ["p"])
          assert.deepStrictEqual(kept, made(Number(kept?.text)))
          yield* stores.passages.insert(scope, [made(100), made(101)])
          for (const by of [{}, { tags: ["tag"] }]) {
            const listed = [
              ...(yield* stores.passages.list(scope, of, by)).items,
              ...(yield* stores.passages.list(scope, other, by)).items
            ]
            assert.deepStrictEqual(listed, kept === undefined ? [] : [kept])
          }
        })
      )
  }),
  rule({
    id: "ISO-2d",
    sentence:
      "of passages of one id in one insert, the first that the caller may write is, under its own tags",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      const theirs = Samples.archive("other user")
      yield* stores.passages.insert(scope, [
        Samples.passage("p", theirs, { tags: ["theirs", "both"] }),
        Samples.passage("p", of, { tags: ["own", "both"] })
      ])
      const [kept] = yield* stores.passages.find(scope, ["p"])
      assert.deepStrictEqual(kept, Samples.passage("p", of, { tags: ["own", "both"] }))
      const whole = yield* scopeOf("tenant")
      for (const by of [scope, whole]) {
        for (const [tag, ids] of [
          ["own", ["p"]],
          ["both", ["p"]],
          ["theirs", []]
        ] as const) {
          const { items } = yield* stores.passages.list(by, of, { tags: [tag] })
          assert.deepStrictEqual(idsOf(items), [...ids], tag)
          const elsewhere = yield* stores.passages.list(by, theirs, { tags: [tag] })
          assert.deepStrictEqual(elsewhere.items, [], tag)
        }
      }
    })
  }),
  rule({
    id: "STO-3h",
    sentence: "passages are listed by tags: those that carry all that were asked for, byte by byte",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      const tags = [
        ["a"],
        ["b"],
        ["b", "a"],
        ["A"],
        ["a%"],
        ["ab"],
        ["a,b"],
        ['a"'],
        ["\u00e9"],
        []
      ]
      yield* stores.passages.insert(
        scope,
        tags.map((of_, i) => Samples.passage(`p ${i}`, of, { tags: of_ }))
      )
      yield* stores.passages.insert(scope, [
        Samples.passage("other", Samples.archive("user", "other"), { tags: ["a", "b"] })
      ])
      const tagged = (tags: ReadonlyArray<string>, limit = 100) =>
        Effect.map(stores.passages.list(scope, of, { tags, limit }), ({ items, next }) => [
          ...items.map((passage) => passage.tags.join("+")),
          ...Option.toArray(Option.as(next, "more"))
        ])
      assert.deepStrictEqual(yield* tagged(["a"]), ["a", "b+a"])
      assert.deepStrictEqual(yield* tagged(["a", "b"]), ["b+a"])
      assert.deepStrictEqual(yield* tagged(["b", "a"]), ["b+a"])
      assert.deepStrictEqual(yield* tagged(["a", "a"]), ["a", "b+a"])
      for (const none of [["%"], ["_"], ["a", "c"], ["c", "a"], ["e\u0301"], [""]]) {
        assert.deepStrictEqual(yield* tagged(none), [], none.join())
      }
      assert.deepStrictEqual(yield* tagged(["a"], 1), ["a", "more"])
      assert.deepStrictEqual(yield* tagged(["a"], 2), ["a", "b+a"])
      assert.lengthOf(yield* tagged([]), tags.length)
    })
  }),
  rule({
    id: "MEM-6e",
    sentence: "a deleted passage is found by nobody, in no list and under no tag, and others stay",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      const whole = yield* scopeOf("tenant")
      const all = range(6).map((i) => Samples.passage(`p ${i}`, of, { tags: ["tag", `${i % 2}`] }))
      yield* stores.passages.insert(scope, all)
      yield* stores.passages.delete(scope, ["p 1", "p 4", "no such", "p 1", "P 2"])
      const left = [0, 2, 3, 5].map((i) => `p ${i}`)
      for (const by of [scope, whole]) {
        assert.deepStrictEqual(
          idsOf(
            yield* stores.passages.find(
              by,
              all.map(({ id }) => id)
            )
          ),
          left
        )
        for (const tags of [[], ["tag"], ["tag", "tag"]]) {
          const { items } = yield* stores.passages.list(by, of, { tags })
          assert.deepStrictEqual(idsOf(items), left)
        }
        assert.deepStrictEqual(
          idsOf((yield* stores.passages.list(by, of, { tags: ["1"] })).items),
          ["p 3", "p 5"]
        )
      }
      // Its id is free again.
      const again = Samples.passage("p 1", of, { text: "again" })
      yield* stores.passages.insert(scope, [again])
      assert.deepStrictEqual(yield* stores.passages.find(scope, ["p 1"]), [again])
      const { items } = yield* stores.passages.list(scope, of, { tags: ["tag"] })
      assert.deepStrictEqual(idsOf(items), left)
    })
  }),
  rule({
    id: "MEM-6f",
    sentence:
      "clearing a kind and id takes the passages the scope owns, and leaves every other one",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const whole = yield* scopeOf("tenant")
      const kinds = ["agent", "source", "conversation"] as const
      const archives = kinds.flatMap((kind) =>
        ["x", "x 2"].flatMap((id) =>
          [null, "user", "user b"].map((userId): Archive => ({ kind, id, userId }))
        )
      )
      const idOf = ({ id, kind, userId }: Archive) => `${kind} ${id} of ${userId}`
      const all = archives.map((archive) =>
        Samples.passage(idOf(archive), archive, { tags: ["t"] })
      )
      const listed = (tags: ReadonlyArray<string>) =>
        Effect.map(
          Effect.forEach(archives, (archive) => stores.passages.list(whole, archive, { tags })),
          (found) => found.flatMap(({ items }) => idsOf(items))
        )
      for (const user of [undefined, "user"]) {
        yield* stores.passages.insert(whole, all)
        const scope = yield* scopeOf("tenant", user)
        yield* stores.passages.clear(scope, { kind: "agent", id: "x" })
        const left = archives
          .filter(
            ({ id, kind, userId }) =>
              kind !== "agent" || id !== "x" || (user !== undefined && userId !== user)
          )
          .map(idOf)
        assert.deepStrictEqual(idsOf(yield* stores.passages.find(whole, archives.map(idOf))), left)
        for (const tags of [[], ["t"]]) assert.deepStrictEqual(yield* listed(tags), left)
      }
    })
  }),
  rule({
    id: "ISO-2c",
    sentence:
      "what an agent learned of one user no other one reads; what nobody owns, each one does",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const whole = yield* scopeOf("tenant")
      const archives = [Samples.archive(null), Samples.archive("user a"), Samples.archive("user b")]
      const idOf = ({ userId }: Archive) => `of ${userId}`
      for (const archive of archives) {
        const scope = archive.userId === null ? whole : yield* scopeOf("tenant", archive.userId)
        yield* stores.passages.insert(
          scope,
          archives.map((other) => Samples.passage(idOf(other), other))
        )
        const items = [Samples.item(idOf(archive), ["word"])]
        yield* stores.words.add(scope, archive, items, 1)
      }
      for (const user of ["user a", "user b"]) {
        const scope = yield* scopeOf("tenant", user)
        const readable = ["of null", `of ${user}`]
        const found = yield* stores.passages.find(scope, archives.map(idOf))
        const hits = yield* stores.words.search(scope, archives, ["word"], 9)
        assert.deepStrictEqual(idsOf(found), readable)
        assert.deepStrictEqual(
          hits.map(({ item }) => item),
          readable
        )
        const { items } = yield* stores.passages.list(scope, Samples.archive(null), {})
        assert.deepStrictEqual(idsOf(items), ["of null"])
        // Reading is not owning.
        yield* stores.passages.delete(scope, ["of null"])
        yield* stores.words.remove(scope, Samples.archive(null), ["of null"])
        assert.lengthOf(yield* stores.words.search(scope, archives, ["word"], 9), 2)
        assert.lengthOf(yield* stores.passages.find(scope, archives.map(idOf)), 2)
      }
    })
  }),
  rule({
    id: "STO-5l",
    sentence: "a document is saved whole, replaced whole, listed without its text, and deleted",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const whole = yield* scopeOf("tenant")
      const user = yield* scopeOf("tenant", "user")
      for (const [i, text] of texts.entries()) {
        const saved = Samples.document("s", "d", {
          text,
          title: texts[i % 3] ?? "",
          digest: `${i}`,
          passages: range(i).map((n) => `p ${n}`),
          at: i
        })
        yield* stores.documents.save(whole, saved)
        const { text: _, ...head } = saved
        for (const scope of [whole, user]) {
          const found = yield* stores.documents.find(scope, "s", "d")
          assert.deepStrictEqual(Option.getOrThrow(found), saved)
          assert.deepStrictEqual((yield* stores.documents.list(scope, "s", {})).items, [head])
        }
      }
      yield* stores.documents.save(whole, Samples.document("s 2", "d"))
      yield* stores.documents.save(user, Samples.document("s 2", "d", { text: "a user's" }))
      yield* stores.documents.save(user, Samples.document("s 2", "new"))
      yield* stores.documents.delete(user, "s", "d")
      yield* stores.documents.delete(whole, "s", "D")
      assert.isTrue(Option.isSome(yield* stores.documents.find(user, "s", "d")))
      yield* stores.documents.delete(whole, "s", "d")
      yield* stores.documents.delete(whole, "s", "d")
      assert.isTrue(Option.isNone(yield* stores.documents.find(whole, "s", "d")))
      assert.deepStrictEqual((yield* stores.documents.list(whole, "s", {})).items, [])
      assert.deepStrictEqual(
        Option.getOrThrow(yield* stores.documents.find(whole, "s 2", "d")),
        Samples.document("s 2", "d")
      )
      assert.lengthOf((yield* stores.documents.list(whole, "s 2", {})).items, 1)
    })
  })
]
