/** Sources hold what the last sync gave them, whatever happens in between. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { PassageId } from "../../src/ids.ts"
import { Memory } from "../../src/memory/Memory.ts"
import { searched } from "../../src/memory/Passage.ts"
import * as Search from "../../src/memory/Search.ts"
import { Sources } from "../../src/memory/Sources.ts"
import { Storage } from "../../src/storage/Storage.ts"
import { Principal } from "../../src/tenancy/Principal.ts"
import { agentOf, as, house, logged, operator, refusal } from "./house.ts"

const texts = (hits: ReadonlyArray<{ readonly item: { readonly text: string } }>) =>
  hits.map(({ item }) => item.text)

describe("sources", () => {
  const sync = (
    documents: ReadonlyArray<{ name: string; title?: string; text: string }>,
    chunk?: { size: number; overlap: number },
    source = "handbook"
  ) =>
    Effect.flatMap(Sources, (sources) =>
      sources.sync(
        source,
        documents.map(({ name, text, title = name }) => ({ name, title, text })),
        chunk
      )
    )
  const counts = (added: number, changed: number, unchanged: number, removed: number) => ({
    added,
    changed,
    unchanged,
    removed
  })

  it.effect("hold exactly the documents of the last sync", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const sources = yield* Sources
      const agent = yield* agentOf("own").pipe(as("ann"))
      const find = (query: string) =>
        Effect.map(memory.search(agent, query, {}).pipe(as("ann")), texts)
      const one = { name: "one.md", text: "Herons may be returned" }
      const two = { name: "two.md", text: "Frogs may not" }
      assert.deepStrictEqual(yield* sync([one, two]).pipe(operator()), counts(2, 0, 0, 0))
      assert.sameMembers([...(yield* find("heron frog"))], [two.text, one.text])
      const before = yield* memory.search(agent, "heron", {}).pipe(as("ann"))
      assert.deepStrictEqual(before[0]?.item.source, Option.some("handbook"))
      assert.deepStrictEqual(yield* sync([two, one]).pipe(operator()), counts(0, 0, 2, 0))
      assert.deepStrictEqual(before, yield* memory.search(agent, "heron", {}).pipe(as("ann")))
      const changed = { ...one, text: "Herons may be kept" }
      assert.deepStrictEqual(yield* sync([changed]).pipe(operator()), counts(0, 1, 0, 1))
      assert.deepStrictEqual(yield* find("heron returned frog"), [changed.text])
      const retitled = { ...changed, title: "Birds" }
      assert.deepStrictEqual(yield* sync([retitled]).pipe(operator()), counts(0, 1, 0, 0))
      const chunk = { size: 10, overlap: 2 }
      assert.deepStrictEqual(yield* sync([retitled], chunk).pipe(operator()), counts(0, 1, 0, 0))
      const { items } = yield* sources.list("handbook", {}).pipe(operator())
      assert.deepStrictEqual(
        items.map(({ name, passages, title }) => [name, title, passages]),
        [["one.md", "Birds", 2]]
      )
      // Another source is another archive, which this agent's template does not name.
      yield* sync([one], undefined, "elsewhere").pipe(operator())
      assert.deepStrictEqual(yield* find("returned"), [])
      const bare = yield* agentOf("bare").pipe(as("ann"))
      assert.deepStrictEqual(yield* memory.search(bare, "heron", {}).pipe(as("ann")), [])
      assert.deepStrictEqual(yield* sync([]).pipe(operator()), counts(0, 0, 0, 1))
      assert.deepStrictEqual(yield* find("heron"), [])
      assert.deepStrictEqual((yield* sources.list("handbook", {}).pipe(operator())).items, [])
    }).pipe(Effect.provide(house()))
  )

  it.effect("are of their tenant", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const sources = yield* Sources
      yield* sync([{ name: "a", text: "herons" }]).pipe(operator())
      const there = yield* agentOf("own").pipe(as("ann", "other"))
      assert.deepStrictEqual(yield* memory.search(there, "heron", {}).pipe(as("ann", "other")), [])
      const here = yield* agentOf("own").pipe(as("ann"))
      const [hit] = yield* memory.search(here, "heron", {}).pipe(as("ann"))
      const id = hit?.item.id ?? PassageId("")
      logged.length = 0
      const foreign = yield* Effect.flip(sources.open(id)).pipe(as("ann", "other"))
      const unknown = yield* Effect.flip(sources.open(PassageId("x"))).pipe(as("ann", "other"))
      assert.deepStrictEqual(foreign, unknown)
      assert.strictEqual(logged[0], logged[1])
    }).pipe(Effect.provide(house()))
  )

  it.effect("tell the title of a passage's document, and nothing of what has none", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const storage = yield* Storage
      yield* sync([
        { name: "a", title: "About herons", text: "heron ".repeat(400) },
        { name: "b", title: "", text: "heron" }
      ]).pipe(operator())
      yield* Effect.gen(function* () {
        const agent = yield* agentOf("own")
        yield* memory.insert(agent, ["my heron"])
        const archives = searched(agent, "ann", ["handbook"])
        const caller = yield* Principal
        const hits = yield* Search.passages(storage, caller, archives, "heron", 100)
        const records = hits.map(({ item }) => item)
        assert.lengthOf(records, 5)
        const titles = yield* Search.titles(storage, caller, records)
        for (const { document, id } of records) {
          assert.strictEqual(titles.get(id), document === "a" ? "About herons" : "")
        }
      }).pipe(as("ann"))
    }).pipe(Effect.provide(house()))
  )

  it.effect("open where a passage stands, for citing", () =>
    Effect.gen(function* () {
      const memory = yield* Memory
      const sources = yield* Sources
      const text = `${"😀 and so on. ".repeat(200)}The heron stands here.${" The end.".repeat(300)}`
      yield* sync([{ name: "birds.md", title: "Birds", text }]).pipe(operator())
      yield* Effect.gen(function* () {
        const agent = yield* agentOf("own")
        const hits = yield* memory.search(agent, "heron", {})
        assert.isNotEmpty(hits)
        for (const { item } of hits) {
          const opened = yield* sources.open(item.id)
          assert.deepStrictEqual(
            [opened.source, opened.name, opened.title, opened.text],
            ["handbook", "birds.md", "Birds", text]
          )
          assert.strictEqual(text.slice(opened.from, opened.to), item.text)
        }
        const [own] = yield* memory.insert(agent, ["of no document"])
        assert.strictEqual(yield* refusal(sources.open(own?.id ?? PassageId(""))), "NotFound")
        const id = hits[0]?.item.id ?? PassageId("")
        assert.strictEqual(yield* refusal(memory.delete(id)), "Forbidden")
        assert.strictEqual(yield* refusal(operator()(memory.delete(id))), "Rejected")
      }).pipe(as("ann"))
    }).pipe(Effect.provide(house()))
  )

  it.effect(
    "take documents of a megabyte, and nothing larger or ill-formed, before any write",
    () =>
      Effect.gen(function* () {
        const sources = yield* Sources
        // Few different words: this is about the length of documents.
        const text = Array.from({ length: 100_000 }, (_, i) => `this is number ${i % 5000}. `)
          .join("")
          .slice(0, 1_048_576)
        const result = yield* sync([{ name: "long", text }]).pipe(operator())
        assert.deepStrictEqual(result, counts(1, 0, 0, 0))
        const [listed] = (yield* sources.list("handbook", {}).pipe(operator())).items
        assert.strictEqual(listed?.passages, 1311)
        assert.strictEqual(text.length, 1_048_576)
        const fine = { name: "fine", text: "fine" }
        const bad = [
          { name: "x", text: `${text}y` },
          { name: "", text: "x" },
          { name: "x".repeat(256), text: "x" },
          { name: "a\u0000", text: "x" },
          { name: "x", text: "\ud800" },
          { name: "x", text: "a\u0000b" },
          { name: "x", title: "t".repeat(257), text: "x" },
          { name: "x", title: "\udc00", text: "x" },
          { name: "fine", text: "again" }
        ]
        for (const document of bad) {
          assert.strictEqual(
            yield* refusal(sync([fine, document], undefined, "other").pipe(operator())),
            "Rejected",
            document.name
          )
        }
        const slow = yield* Effect.flip(
          sync([fine, { name: "x", text }], { size: 1000, overlap: 999 }, "other")
        ).pipe(operator())
        assert.match(slow.message, /would be cut into 1047577 passages; at most 5000 fit/)
        for (const [size, overlap] of [
          [1000, 1000],
          [1000, 1001],
          [0, 0],
          [5000, 0]
        ] as const) {
          assert.strictEqual(
            yield* refusal(sync([fine], { size, overlap }, "other").pipe(operator())),
            "Rejected"
          )
        }
        const crowd = Array.from({ length: 10_001 }, (_, i) => ({ name: `${i}`, text: "" }))
        assert.strictEqual(
          yield* refusal(sync(crowd, undefined, "other").pipe(operator())),
          "Rejected"
        )
        assert.strictEqual(yield* refusal(sync([fine], undefined, "").pipe(operator())), "Rejected")
        assert.strictEqual(yield* refusal(sources.list("", {}).pipe(operator())), "Rejected")
        assert.deepStrictEqual((yield* sources.list("other", {}).pipe(operator())).items, [])
      }).pipe(Effect.provide(house())),
    60_000
  )

  it.effect("are completed by the next sync after one broke off, and stay whole meanwhile", () => {
    let saves = 0
    let reads = 0
    const breaking = Layer.effect(
      Storage,
      Effect.map(Storage, (storage) => ({
        ...storage,
        stores: {
          ...storage.stores,
          documents: {
            ...storage.stores.documents,
            find: (...given: Parameters<typeof storage.stores.documents.find>) => {
              reads += 1
              return storage.stores.documents.find(...given)
            },
            save: (...given: Parameters<typeof storage.stores.documents.save>) =>
              ++saves === 3 ? Effect.die("the power went") : storage.stores.documents.save(...given)
          }
        }
      }))
    ).pipe(Layer.provide(Storage.layerMemory))
    return Effect.gen(function* () {
      const memory = yield* Memory
      const agent = yield* agentOf("own").pipe(as("ann"))
      const documents = ["a", "b", "c", "d"].map((name) => ({ name, text: `heron ${name}` }))
      const exit = yield* Effect.exit(sync(documents).pipe(operator()))
      assert.strictEqual(exit._tag, "Failure")
      const found = Effect.map(memory.search(agent, "heron", {}).pipe(as("ann")), texts)
      assert.sameMembers(yield* found, ["heron a", "heron b"])
      assert.deepStrictEqual(yield* sync(documents).pipe(operator()), counts(2, 0, 2, 0))
      assert.sameMembers(
        yield* found,
        documents.map(({ text }) => text)
      )
      // What did not change costs its name and digest, not its text.
      reads = 0
      assert.deepStrictEqual(yield* sync(documents).pipe(operator()), counts(0, 0, 4, 0))
      assert.strictEqual(reads, 0)
    }).pipe(Effect.provide(house(breaking)))
  })

  it.effect("change a document at a time, as a sync would", () =>
    Effect.gen(function* () {
      const sources = yield* Sources
      const save = (name: string, text: string) =>
        sources.save("handbook", { name, title: name, text })
      const names = Effect.map(sources.list("handbook", {}), ({ items }) =>
        items.map(({ name }) => name)
      )
      const steps = Effect.gen(function* () {
        assert.strictEqual(yield* save("a", "heron"), "added")
        assert.strictEqual(yield* save("b", "frog"), "added")
        assert.strictEqual(yield* save("a", "heron"), "unchanged")
        assert.strictEqual(yield* save("a", "herons"), "changed")
        assert.deepStrictEqual(
          yield* sync([
            { name: "a", text: "herons" },
            { name: "b", text: "frog" }
          ]),
          counts(0, 0, 2, 0)
        )
        yield* sources.delete("handbook", "a")
        assert.deepStrictEqual(yield* names, ["b"])
        for (const name of ["a", "nobody", "", "\u0000", "\ud800"]) {
          assert.strictEqual(yield* refusal(sources.delete("handbook", name)), "NotFound", name)
        }
        for (const name of ["", "\u0000", "x".repeat(256)]) {
          assert.strictEqual(yield* refusal(save(name, "x")), "Rejected", name)
          assert.strictEqual(yield* refusal(sources.delete(name, "b")), "Rejected", name)
        }
        assert.strictEqual(yield* refusal(save("c", "\ud800")), "Rejected")
        assert.deepStrictEqual(yield* names, ["b"])
        // Two at once are one after the other: neither is doubled or lost.
        const both = yield* Effect.all([save("c", "x"), save("c", "x")], {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(both, ["added", "unchanged"])
        // A sync that comes after a save knows what it saved.
        const last = { name: "b", text: "frog" }
        const [, removed] = yield* Effect.all([save("z", "x"), sync([last])], {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(removed, counts(0, 0, 1, 2))
        yield* save("c", "x")
      })
      yield* steps.pipe(operator())
      assert.strictEqual(yield* refusal(save("d", "x").pipe(as("ann"))), "Forbidden")
      const removed = sources.delete("handbook", "b")
      assert.strictEqual(yield* refusal(removed.pipe(as("ann"))), "Forbidden")
      assert.strictEqual(yield* refusal(removed.pipe(operator(undefined, "globex"))), "NotFound")
      assert.deepStrictEqual(yield* names.pipe(operator()), ["b", "c"])
    }).pipe(Effect.provide(house()))
  )

  it.effect("are synced one after the other, and by operators only", () =>
    Effect.gen(function* () {
      const sources = yield* Sources
      const all = (names: string) => [...names].map((name) => ({ name, text: `heron ${name}` }))
      const both = yield* Effect.all([sync(all("abc")), sync(all("bcd"))], {
        concurrency: "unbounded"
      }).pipe(operator())
      assert.deepStrictEqual(both, [counts(3, 0, 0, 0), counts(1, 0, 2, 1)])
      assert.strictEqual(yield* refusal(sync([]).pipe(as("ann"))), "Forbidden")
      assert.strictEqual(yield* refusal(sources.list("handbook", {}).pipe(as("ann"))), "Forbidden")
    }).pipe(Effect.provide(house()))
  )
})
