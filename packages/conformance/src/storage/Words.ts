/** MEM-6, ISO-6: what is kept is found, what is forgotten is not, and no stranger weighs in. */

import type { Archive } from "@atrium/core/storage/Archive"
import { compareKeys } from "@atrium/core/storage/KeyValue"
import { Storage } from "@atrium/core/storage/Storage"
import type { Found } from "@atrium/core/storage/WordStore"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { atOnce, jitter, range, seeded } from "./Interleaving.ts"
import { type Corpus, ranking } from "./Ranking.ts"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"

const of = Samples.archive("user")

/** Where a hit stands among equal ones: by archive, then by item. */
const placeOf = ({ archive: { id, kind, userId }, item }: Found) => [kind, id, userId ?? "", item]

const byPlace = (a: Found, b: Found): number => {
  const other = placeOf(b)
  return placeOf(a).reduce((order, part, i) => order || compareKeys(part, other[i] ?? ""), 0)
}

/** What was found is what BM25 says, to 1e-9; of items that far apart the better one is first. */
const equals = (found: ReadonlyArray<Found>, expected: ReadonlyArray<Found>, of: string): void => {
  const sorted = expected.toSorted((a, b) => b.score - a.score || byPlace(a, b))
  assert.lengthOf(found, sorted.length, of)
  const scores = new Map(sorted.map((hit) => [placeOf(hit).join("\u0000"), hit.score]))
  for (const [i, hit] of found.entries()) {
    const score = scores.get(placeOf(hit).join("\u0000")) ?? Number.NaN
    assert.closeTo(hit.score, score, 1e-9, `${of}: ${placeOf(hit)}`)
    assert.closeTo(hit.score, sorted[i]?.score ?? Number.NaN, 1e-9, `${of}: at ${i}`)
  }
}

const vocabulary = range(24).map((i) => `word${i}`)

/** Items with random texts; a few words are in most of them, most words in few. */
const randomItems = Effect.fnUntraced(function* (count: number, name: string) {
  const items = new Map<string, ReadonlyArray<string>>()
  for (const i of range(count)) {
    const length = yield* Random.nextIntBetween(1, 30)
    const text: Array<string> = []
    while (text.length < length) {
      const rarity = (yield* Random.next) ** 2
      text.push(vocabulary[Math.floor(rarity * vocabulary.length)] ?? "")
    }
    items.set(`${name} ${i}`, text)
  }
  return items
})

const add = Effect.fnUntraced(function* (
  scope: TenantScope,
  { archive, items }: Corpus,
  mark = items.size
) {
  const { stores } = yield* Storage
  const all = [...items].map(([item, text]) => Samples.item(item, text))
  yield* stores.words.add(scope, archive, all, mark)
})

/** Some words to ask for: known, unknown, and named twice. */
const question = Effect.map(
  Effect.forEach(range(4), () => Random.choice([...vocabulary, "unknown", "word1", "word1"])),
  (words) => words
)

/** Random questions to `corpora` are answered as the reference answers them. */
const askAll = Effect.fnUntraced(function* (
  scope: TenantScope,
  corpora: ReadonlyArray<Corpus>,
  asked = corpora.map(({ archive }) => archive)
) {
  const { stores } = yield* Storage
  for (const _ of range(12)) {
    const words = yield* question
    const found = yield* stores.words.search(scope, asked, words, 10_000)
    equals(found, ranking(corpora, words), words.join(" "))
  }
})

export const words: ReadonlyArray<StorageRule> = [
  rule({
    id: "MEM-6a",
    sentence: "an item is found by each of its words, and by no other text",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      const own = ["cat", "Cat", "ca", "%", "_at", "caf\u00e9", "\u732b", "\u{1f600}", "c'at", "1"]
      yield* stores.words.add(scope, of, [Samples.item("i", own), Samples.item("j", ["dog"])], 1)
      const found = (...words: ReadonlyArray<string>) =>
        Effect.map(stores.words.search(scope, [of], words, 9), (hits) =>
          hits.map(({ item }) => item)
        )
      for (const word of own) assert.deepStrictEqual(yield* found(word), ["i"], word)
      for (const word of ["CAT", "c", "cats", "%at", "cafe\u0301", "cafe", "_", "", "i", "j"]) {
        assert.deepStrictEqual(yield* found(word), [], JSON.stringify(word))
      }
      assert.sameMembers(yield* found("unknown", "dog", "cat"), ["i", "j"])
      assert.deepStrictEqual(yield* found(), [])
      assert.deepStrictEqual(yield* stores.words.search(scope, [], ["cat"], 9), [])
    })
  }),
  rule({
    id: "MEM-6b",
    sentence: "a removed item is found by nobody, and the others as if it had never been",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const { stores } = yield* Storage
          const scope = yield* scopeOf("tenant", "user")
          const whole = yield* scopeOf("tenant")
          const items = new Map(yield* randomItems(30, "item"))
          const other = { archive: Samples.archive("user", "b"), items: yield* randomItems(5, "o") }
          yield* add(scope, { archive: of, items })
          yield* add(scope, other)
          while (items.size > 0) {
            const gone = [...items.keys()].slice(0, yield* Random.nextIntBetween(1, 9))
            // Named twice, not there any more, or never there: it goes once.
            yield* stores.words.remove(scope, of, [...gone, ...gone.slice(0, 1), "no such"])
            yield* stores.words.remove(scope, of, gone.slice(0, 2))
            for (const item of gone) items.delete(item)
            for (const by of [scope, whole]) yield* askAll(by, [{ archive: of, items }, other])
          }
          yield* add(scope, { archive: of, items: other.items })
          yield* askAll(scope, [{ archive: of, items: other.items }, other])
        })
      )
  }),
  rule({
    id: "MEM-6c",
    sentence: "clearing a kind and id forgets its archives, marks too, and leaves every other one",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const whole = yield* scopeOf("tenant")
      const kinds = ["agent", "source", "conversation"] as const
      const all = kinds.flatMap((kind) =>
        ["x", "x 2"].flatMap((id) =>
          [null, "user", "user b"].map((userId): Archive => ({ kind, id, userId }))
        )
      )
      const left = Effect.gen(function* () {
        const hits = yield* stores.words.search(whole, all, ["word"], 100)
        const marks = yield* stores.words.marks(whole, all)
        const marked = all.filter((_, i) => (marks[i] ?? 0) > 0)
        assert.sameDeepMembers(
          hits.map(({ archive }) => archive),
          marked
        )
        return marked
      })
      for (const user of [undefined, "user"]) {
        const scope = yield* scopeOf("tenant", user)
        for (const archive of all) {
          yield* stores.words.add(whole, archive, [Samples.item("i", ["word", "other"])], 7)
        }
        assert.deepStrictEqual(yield* left, all)
        yield* stores.words.clear(scope, { kind: "agent", id: "x" })
        assert.deepStrictEqual(
          yield* left,
          all.filter(
            ({ id, kind, userId }) =>
              kind !== "agent" || id !== "x" || (user !== undefined && userId !== user)
          )
        )
      }
    })
  }),
  rule({
    id: "MEM-6d",
    sentence: "an item that is there is not added again, and an archive's mark never falls",
    check: Effect.fnUntraced(function* () {
      const { stores, transact } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      const mark = Effect.map(stores.words.marks(scope, [of, Samples.archive("user", "b")]), (m) =>
        m.join(" ")
      )
      const items = new Map([
        ["i", ["one", "two"]],
        ["j", ["two"]]
      ])
      assert.strictEqual(yield* mark, "0 0")
      for (const [given, expected] of [
        [3, 3],
        [2, 3],
        [0, 3],
        [10, 10],
        [9, 10]
      ] as const) {
        yield* add(scope, { archive: of, items }, given)
        assert.strictEqual(yield* mark, `${expected} 0`)
      }
      const again = [Samples.item("i", ["three"]), Samples.item("i", ["one"])]
      yield* stores.words.add(scope, of, [...again, Samples.item("k", ["one"])], 1)
      yield* stores.words.add(scope, of, [Samples.item("k", ["two"])], 1)
      const corpus = { archive: of, items: new Map([...items, ["k", ["one"]]]) }
      for (const words of [["one"], ["two"], ["three"], ["one", "two"]]) {
        const found = yield* stores.words.search(scope, [of], words, 9)
        equals(found, ranking([corpus], words), words.join(" "))
      }
      yield* stores.words.remove(scope, of, ["i", "j", "k"])
      assert.strictEqual(yield* mark, "10 0")
      yield* stores.words.remove(scope, Samples.archive("user", "b"), ["i"])
      yield* atOnce(
        range(20).map((i) =>
          Effect.andThen(
            jitter,
            transact(Effect.tap(stores.words.add(scope, of, [], 11 + ((i * 7) % 20)), () => jitter))
          )
        )
      )
      assert.strictEqual(yield* mark, "30 0")
    })
  }),
  rule({
    id: "ISO-6a",
    sentence:
      "the scores of random corpora are BM25 over the archives that were searched, to 1e-9, best first",
    check: () =>
      seeded(
        Effect.gen(function* () {
          // A tenant of its own, beside what an earlier run left.
          const scope = yield* scopeOf(`tenant ${yield* Random.nextIntBetween(0, 2 ** 31)}`, "user")
          const corpora: ReadonlyArray<Corpus> = [
            { archive: of, items: yield* randomItems(40, "item") },
            { archive: Samples.archive("user", "other"), items: yield* randomItems(3, "item") },
            {
              archive: { kind: "conversation", id: "c", userId: "user" },
              items: yield* randomItems(20, "m")
            }
          ]
          for (const corpus of corpora) yield* add(scope, corpus)
          for (const corpus of corpora) yield* askAll(scope, [corpus])
          // Several are ranked as one, in whatever order they are named; one named twice weighs once.
          yield* askAll(scope, corpora)
          const named = corpora.map(({ archive }) => archive)
          yield* askAll(scope, corpora, [...named, ...named].reverse())
          yield* askAll(scope, corpora.slice(1))
        }),
        3
      )
  }),
  rule({
    id: "ISO-6b",
    sentence: "rows of another tenant, user, archive or kind change no score and no order",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const { stores } = yield* Storage
          const scope = yield* scopeOf("tenant", "user")
          const whole = yield* scopeOf("tenant")
          const corpus = { archive: of, items: yield* randomItems(12, "item") }
          yield* add(scope, corpus)
          const searches = Effect.forEach(vocabulary, (word) =>
            stores.words.search(scope, [of], [word, "word0"], 100)
          )
          const before = yield* searches
          const strangers: ReadonlyArray<readonly [TenantScope, Archive]> = [
            [yield* scopeOf("tenant b", "user"), of],
            [yield* scopeOf("tenant b"), of],
            [yield* scopeOf("tenant", "user b"), Samples.archive("user b")],
            [whole, Samples.archive(null)],
            [whole, Samples.source("agent")],
            [scope, Samples.archive("user", "agent 2")],
            [scope, { ...of, kind: "conversation" }],
            // Not theirs to write.
            [yield* scopeOf("tenant", "user b"), of],
            [scope, Samples.archive(null)]
          ]
          for (const [by, archive] of strangers) {
            yield* add(by, { archive, items: yield* randomItems(12, "item") }, 99)
            assert.deepStrictEqual(yield* searches, before, JSON.stringify(archive))
          }
          yield* askAll(scope, [corpus])
          // Who asks for archives that are not theirs is answered as if they had not named them.
          const foreign = Samples.archive("user b")
          yield* askAll(scope, [corpus], [foreign, of])
          assert.deepStrictEqual(yield* stores.words.marks(scope, [foreign, of]), [0, 12])
          for (const [by, archive] of strangers.slice(0, 3)) {
            yield* stores.words.clear(by, { kind: "agent", id: archive.id })
            assert.deepStrictEqual(yield* searches, before)
          }
        })
      )
  }),
  rule({
    id: "ISO-6c",
    sentence: "equal scores are ordered by archive and item, byte by byte, and cut at the limit",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      const whole = yield* scopeOf("tenant")
      const items = ["z", "a!", "a", "A", "10", "9", "\u{10000}", "\uffff"]
      const archives: ReadonlyArray<Archive> = [
        Samples.source("a"),
        Samples.archive("user", "b"),
        { kind: "conversation", id: "a", userId: "user" },
        Samples.archive("user", "a"),
        Samples.archive(null, "a"),
        Samples.archive("user", "a!")
      ]
      for (const archive of archives) {
        const all = items.map((item) => Samples.item(item, ["one", "two"]))
        yield* stores.words.add(whole, archive, all, 1)
      }
      const ordered = archives
        .flatMap((archive) => items.map((item) => ({ archive, item, score: 0 })))
        .sort(byPlace)
        .map((hit) => placeOf(hit))
      for (const words of [["one"], ["two", "one"]]) {
        for (const limit of [1, 2, 7, 47, 48, 49, 1000]) {
          const found = yield* stores.words.search(scope, archives, words, limit)
          assert.deepStrictEqual(found.map(placeOf), ordered.slice(0, limit), `${limit}`)
        }
      }
    })
  }),
  rule({
    id: "ISO-6d",
    sentence: "of items that are added and removed at once none is lost to the scores",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const { stores, transact } = yield* Storage
          const scope = yield* scopeOf("tenant", "user")
          const kept = yield* randomItems(20, "kept")
          const gone = yield* randomItems(20, "gone")
          yield* add(scope, { archive: of, items: gone })
          const tasks = [
            ...[...kept].map(([item, text]) =>
              stores.words.add(scope, of, [Samples.item(item, text)], 1)
            ),
            ...[...gone.keys()].map((item) => stores.words.remove(scope, of, [item]))
          ]
          yield* atOnce(
            tasks.map((task, i) =>
              Effect.andThen(jitter, i % 2 === 0 ? task : transact(Effect.tap(task, () => jitter)))
            )
          )
          yield* askAll(scope, [{ archive: of, items: kept }])
        })
      )
  })
]
