/** ISO-5 for what is remembered: look-alike archives, labels, words and names never collide. */

import type { Archive } from "@atrium/core/storage/Archive"
import { Storage } from "@atrium/core/storage/Storage"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { joints, lookAlikeIds, refusedIds } from "./Hostile.ts"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"

/** Pairs without those that are equal, part by part. */
const pairs = [...new Map(joints.map((pair) => [JSON.stringify(pair), pair])).values()]

export const lookAlikeArchives: ReadonlyArray<StorageRule> = [
  rule({
    id: "ISO-5g",
    sentence: "archives of look-alike ids and users have their own passages, words and marks each",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const archives: ReadonlyArray<Archive> = [
        ...lookAlikeIds.map((id) => Samples.archive(null, id)),
        ...lookAlikeIds.map((id) => Samples.source(id)),
        ...lookAlikeIds.map((user) => Samples.archive(user, "a")),
        ...pairs.map(([id, userId]): Archive => ({ kind: "conversation", id, userId }))
      ]
      for (const [i, archive] of archives.entries()) {
        const passage = Samples.passage(`p ${i}`, archive, { tags: ["tag"] })
        yield* stores.passages.insert(scope, [passage])
        yield* stores.words.add(scope, archive, [Samples.item(`p ${i}`, ["word"])], i + 1)
      }
      const own = Effect.fnUntraced(function* (archive: Archive) {
        const listed = yield* stores.passages.list(scope, archive, {})
        const tagged = yield* stores.passages.list(scope, archive, { tags: ["tag"] })
        const hits = yield* stores.words.search(scope, [archive], ["word"], 9)
        return [
          listed.items.map(({ id }) => id),
          tagged.items.map(({ id }) => id),
          hits.map(({ item }) => item),
          yield* stores.words.marks(scope, [archive])
        ]
      })
      for (const [i, archive] of archives.entries()) {
        const id = `p ${i}`
        assert.deepStrictEqual(yield* own(archive), [[id], [id], [id], [i + 1]])
      }
      const all = yield* stores.words.search(scope, archives, ["word"], 1000)
      assert.lengthOf(all, archives.length)
      for (const hit of all) {
        assert.deepStrictEqual(hit.archive, archives[Number(hit.item.slice(2))])
      }
      // Nor does clearing one reach another.
      const [first = Samples.archive(null)] = archives
      const same = ({ id, kind }: Archive) => id === first.id && kind === first.kind
      yield* stores.passages.clear(scope, first)
      yield* stores.words.clear(scope, first)
      for (const [i, archive] of archives.entries()) {
        const id = `p ${i}`
        const expected = same(archive) ? [[], [], [], [0]] : [[id], [id], [id], [i + 1]]
        assert.deepStrictEqual(yield* own(archive), expected)
      }
    })
  }),
  rule({
    id: "ISO-5h",
    sentence: "look-alike words, items and tags of one archive are told apart",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const archive = Samples.archive(null)
      const words = [...new Set([...lookAlikeIds, ...pairs.map(([word]) => word)])]
      for (const [i, word] of words.entries()) {
        yield* stores.words.add(scope, archive, [Samples.item(word, [word])], 0)
        const tagged = Samples.passage(`${i}`.padStart(4, "0"), archive, { tags: [word] })
        yield* stores.passages.insert(scope, [tagged])
      }
      for (const [i, word] of words.entries()) {
        const hits = yield* stores.words.search(scope, [archive], [word], 9)
        assert.deepStrictEqual(
          hits.map(({ item }) => item),
          [word]
        )
        const { items } = yield* stores.passages.list(scope, archive, { tags: [word] })
        assert.deepStrictEqual(
          items.map(({ id }) => Number(id)),
          [i]
        )
      }
      const [gone = ""] = words
      yield* stores.words.remove(scope, archive, [gone])
      const left = yield* stores.words.search(scope, [archive], words, 1000)
      assert.sameMembers(
        left.map(({ item }) => item),
        words.slice(1)
      )
    })
  }),
  rule({
    id: "ISO-5i",
    sentence: "look-alike ids, agents, conversations and labels of blocks name one block each",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const ids = new Map<string, string>()
      for (const [agentId, label] of pairs) {
        for (const [user, conversation] of [
          [null, null],
          [label, null],
          [null, label],
          [label, label]
        ]) {
          if (user === undefined || conversation === undefined) continue
          const place = JSON.stringify([agentId, user, conversation, label])
          if (ids.has(place)) continue
          const id = `block ${ids.size}`
          ids.set(place, id)
          yield* stores.blocks.insert(scope, [
            Samples.block(id, user, { agentId, conversationId: conversation, label })
          ])
        }
      }
      for (const id of lookAlikeIds) {
        yield* stores.blocks.insert(scope, [Samples.block(id, null, { agentId: "ids", label: id })])
        yield* stores.blocks.write(scope, id, Samples.write(1, `new ${id}`, { by: id }))
      }
      for (const [place, id] of ids) {
        const found = Option.getOrThrow(yield* stores.blocks.find(scope, id))
        const { agentId, conversationId, label, userId } = found
        assert.strictEqual(JSON.stringify([agentId, userId, conversationId, label]), place)
      }
      assert.lengthOf(yield* stores.blocks.list(scope, "ids", null), lookAlikeIds.length)
      for (const id of lookAlikeIds) {
        const found = Option.getOrThrow(yield* stores.blocks.find(scope, id))
        assert.strictEqual(found.value, `new ${id}`)
        const changes = yield* stores.blocks.changes(scope, id, 9, 9)
        assert.deepStrictEqual(
          changes.map(({ by }) => by),
          [id]
        )
      }
    })
  }),
  rule({
    id: "ISO-5j",
    sentence: "documents of look-alike sources and names, and rows of look-alike turns, are apart",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      const names = [...pairs, ...lookAlikeIds.map((id) => ["names", id] as const)]
      for (const [source, name] of names) {
        yield* stores.documents.save(scope, Samples.document(source, name, { title: source }))
      }
      for (const [source, name] of names) {
        const found = Option.getOrThrow(yield* stores.documents.find(scope, source, name))
        assert.deepStrictEqual(found, Samples.document(source, name, { title: source }))
      }
      for (const source of new Set(names.map(([source]) => source))) {
        const { items } = yield* stores.documents.list(scope, source, { limit: 1000 })
        assert.sameMembers(
          items.map(({ name }) => name),
          names.filter(([other]) => other === source).map(([, name]) => name)
        )
      }
      const [[source, name] = ["", ""]] = names
      yield* stores.documents.delete(scope, source, name)
      for (const [i, [source, name]] of names.entries()) {
        const found = yield* stores.documents.find(scope, source, name)
        assert.strictEqual(Option.isSome(found), i > 0)
      }
      for (const id of lookAlikeIds) {
        yield* stores.ledger.append(scope, [Samples.row(id, null, { turns: 1 })])
      }
      const total = yield* stores.ledger.total(scope, 0, Number.MAX_SAFE_INTEGER)
      assert.strictEqual(total.turns, lookAlikeIds.length)
    })
  }),
  rule({
    id: "ISO-5k",
    sentence: "a block, passage, document or archive that no id can name is absent, nothing breaks",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant")
      for (const id of ["\ufffd", "a", "a\ufffd", "\ufffd x"]) {
        const archive = Samples.archive(null, id)
        yield* stores.blocks.insert(scope, [Samples.block(id, null, { agentId: id })])
        yield* stores.passages.insert(scope, [Samples.passage(id, archive, { tags: [id] })])
        yield* stores.documents.save(scope, Samples.document(id, id))
        yield* stores.words.add(scope, archive, [Samples.item(id, [id])], 1)
      }
      const of = (id: string) => Samples.archive(null, id)
      for (const id of refusedIds) {
        const reads: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
          Effect.map(stores.blocks.find(scope, id), Option.toArray),
          stores.blocks.list(scope, id, null),
          stores.blocks.changes(scope, id, 9, 9),
          stores.passages.find(scope, [id]),
          Effect.map(stores.passages.list(scope, of(id), {}), ({ items }) => items),
          Effect.map(stores.passages.list(scope, of("a"), { tags: [id] }), ({ items }) => items),
          Effect.map(stores.documents.find(scope, id, "a"), Option.toArray),
          Effect.map(stores.documents.find(scope, "a", id), Option.toArray),
          Effect.map(stores.documents.list(scope, id, {}), ({ items }) => items),
          stores.words.search(scope, [of(id)], ["a"], 9),
          stores.words.search(scope, [of("a")], [id], 9)
        ]
        for (const [i, read] of reads.entries()) {
          const exit = yield* Effect.exit(read)
          assert.deepStrictEqual(exit, Exit.succeed([]), `${i}: ${JSON.stringify(id.slice(0, 20))}`)
        }
        const answer = yield* stores.blocks.write(scope, id, Samples.write(1, "new"))
        assert.strictEqual(answer, "absent")
      }
    })
  })
]
