/** MEM-3, MEM-5: no write of a block is lost, and every change is kept. */

import { Storage } from "@atrium/core/storage/Storage"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { texts } from "./Hostile.ts"
import { atOnce, jitter, range, seeded } from "./Interleaving.ts"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"

const begun = Effect.gen(function* () {
  const { stores, transact } = yield* Storage
  const scope = yield* scopeOf("tenant", "user")
  yield* stores.blocks.insert(scope, [Samples.block("b", "user", { value: "" })])
  const read = Effect.map(stores.blocks.find(scope, "b"), Option.getOrThrow)
  const changes = stores.blocks.changes(scope, "b", 1_000_000, 1000)
  return { blocks: stores.blocks, changes, read, scope, transact }
})

export const blocks: ReadonlyArray<StorageRule> = [
  rule({
    id: "MEM-3a",
    sentence:
      "a write on the newest revision replaces the value; on any other one it is a conflict, and writes nothing",
    check: Effect.fnUntraced(function* () {
      const { blocks, changes, read, scope } = yield* begun
      const before = yield* read
      for (const revision of [1, 2, 3]) {
        for (const stale of [-1, 0, revision - 1, revision + 1, 100]) {
          if (stale === revision) continue
          const answer = yield* blocks.write(scope, "b", Samples.write(stale, "lost"))
          assert.strictEqual(answer, "conflict", `${stale} on ${revision}`)
        }
        assert.strictEqual((yield* read).revision, revision)
        assert.lengthOf(yield* changes, revision - 1)
        const write = Samples.write(revision, `value ${revision}`, { trust: "user" })
        assert.strictEqual(yield* blocks.write(scope, "b", write), "written")
        const { at, trust, value } = write
        assert.deepStrictEqual(yield* read, { ...before, at, trust, value, revision: revision + 1 })
      }
      assert.strictEqual(yield* blocks.write(scope, "B", Samples.write(1, "lost")), "absent")
      assert.isTrue(Option.isNone(yield* blocks.find(scope, "B")))
    })
  }),
  rule({
    id: "MEM-3b",
    sentence: "of 20 writes at once on one revision one wins, and the others get a conflict",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const { blocks, changes, read, scope, transact } = yield* begun
          for (const revision of [1, 2, 3]) {
            const answers = yield* atOnce(
              range(20).map((i) => {
                const write = blocks.write(scope, "b", Samples.write(revision, `${i}`))
                return Effect.andThen(
                  jitter,
                  i % 2 === 0 ? write : transact(Effect.tap(write, () => jitter))
                )
              })
            )
            assert.strictEqual(answers.filter((answer) => answer === "conflict").length, 19)
            assert.strictEqual((yield* read).value, `${answers.indexOf("written")}`)
            assert.lengthOf(yield* changes, revision)
          }
        })
      )
  }),
  rule({
    id: "MEM-3c",
    sentence: "random writers at once, who try again on a conflict, lose no write and no change",
    check: () =>
      seeded(
        Effect.gen(function* () {
          const { blocks, changes, read, scope, transact } = yield* begun
          const append: (text: string) => Effect.Effect<void, unknown> = Effect.fnUntraced(
            function* (text) {
              const { revision, value } = yield* read
              yield* jitter
              const write = blocks.write(scope, "b", Samples.write(revision, value + text))
              const together = yield* Random.nextBoolean
              const answer = yield* together ? transact(Effect.tap(write, () => jitter)) : write
              if (answer === "conflict") yield* Effect.andThen(jitter, append(text))
            }
          )
          const written = range(12).map((writer) => range(6).map((i) => `[${writer}.${i}]`))
          yield* atOnce(written.map((own) => Effect.forEach(own, append, { discard: true })))
          const kept = yield* read
          const marks = kept.value.match(/\[[^\]]*\]/g) ?? []
          assert.strictEqual(kept.revision, 73)
          assert.sameMembers(marks, written.flat())
          // Each writer's in its order, and each change replaced what the one before it made.
          for (const own of written) {
            assert.deepStrictEqual(
              marks.filter((mark) => own.includes(mark)),
              own
            )
          }
          assert.deepStrictEqual(
            (yield* changes).map(({ replaced, revision }) => [revision, replaced]),
            range(72).map((i) => [73 - i, marks.slice(0, 71 - i).join("")])
          )
        })
      )
  }),
  rule({
    id: "MEM-5a",
    sentence: "every change is kept: its revision, who, in which turn, when, and what was before",
    check: Effect.fnUntraced(function* () {
      const { blocks, changes, scope } = yield* begun
      assert.deepStrictEqual(yield* changes, [])
      const writes = [
        Samples.write(1, texts[0] ?? "", { by: "agent", turnId: "turn 1" }),
        Samples.write(2, "", { by: "operator", turnId: null, trust: "operator" }),
        Samples.write(3, texts[1] ?? "", { by: texts[0] ?? "", turnId: "turn 2", trust: "user" }),
        // The undo of a change is a change.
        Samples.write(4, "", { by: "user", turnId: null, at: 0 })
      ]
      for (const write of writes) yield* blocks.write(scope, "b", write)
      const values = ["", ...writes.map(({ value }) => value)]
      assert.deepStrictEqual(
        yield* changes,
        writes
          .map(({ at, by, expected, trust, turnId }) => ({
            revision: expected + 1,
            replaced: values[expected - 1] ?? "",
            by,
            turnId,
            trust,
            at
          }))
          .toReversed()
      )
    })
  }),
  rule({
    id: "MEM-5b",
    sentence: "changes come newest first, up to a revision, and no more than the limit",
    check: Effect.fnUntraced(function* () {
      const { blocks, scope } = yield* begun
      yield* blocks.insert(scope, [Samples.block("b2", "user")])
      yield* blocks.write(scope, "b2", Samples.write(1, "another's"))
      for (const i of range(14)) {
        yield* blocks.write(scope, "b", Samples.write(i + 1, `${i}`, { turnId: "b" }))
      }
      for (const upTo of [0, 1, 2, 3, 9, 10, 11, 14, 15, 16, 1000, Number.MAX_SAFE_INTEGER]) {
        for (const limit of [1, 2, 5, 14, 100]) {
          const found = yield* blocks.changes(scope, "b", upTo, limit)
          const newest = Math.min(upTo, 15)
          assert.deepStrictEqual(
            found.map(({ revision }) => revision),
            range(Math.max(0, Math.min(limit, newest - 1))).map((i) => newest - i),
            `up to ${upTo}, ${limit} of them`
          )
        }
      }
    })
  }),
  rule({
    id: "MEM-5c",
    sentence: "of a write that its transaction takes back no value, revision or change stays",
    check: Effect.fnUntraced(function* () {
      const { blocks, changes, read, scope, transact } = yield* begun
      yield* blocks.write(scope, "b", Samples.write(1, "kept"))
      const before = [yield* read, yield* changes]
      const twice = Effect.forEach([2, 3], (revision) =>
        blocks.write(scope, "b", Samples.write(revision, "lost"))
      )
      const seen = Effect.andThen(twice, Effect.all([read, changes]))
      const inside = yield* Effect.flip(transact(Effect.flatMap(seen, Effect.fail)))
      assert.nestedPropertyVal(inside, "0.revision", 4)
      assert.nestedPropertyVal(inside, "1.length", 3)
      assert.deepStrictEqual([yield* read, yield* changes], before)
      assert.strictEqual(yield* blocks.write(scope, "b", Samples.write(2, "next")), "written")
    })
  }),
  rule({
    id: "STO-5i",
    sentence: "a block is kept whole: every owner, every trust, every character",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      const owners = ["agent", "user", "conversation", "group", "tenant"] as const
      const trusts = ["operator", "user", "derived"] as const
      for (const [i, owner] of owners.entries()) {
        const text = texts[i % texts.length] ?? ""
        const block = Samples.block(`b ${i}`, "user", {
          conversationId: i % 2 === 0 ? "c" : null,
          description: text,
          value: text,
          owner,
          limit: 2000 + i,
          readOnly: i % 2 === 0,
          revision: i + 1,
          trust: trusts[i % 3] ?? "user"
        })
        yield* stores.blocks.insert(scope, [block])
        assert.deepStrictEqual(
          Option.toArray(yield* stores.blocks.find(scope, block.id)),
          [block],
          owner
        )
      }
      for (const [i, value] of texts.entries()) {
        yield* stores.blocks.write(scope, "b 0", Samples.write(i + 1, value))
        const found = Option.getOrThrow(yield* stores.blocks.find(scope, "b 0"))
        assert.strictEqual(found.value, value)
      }
      const changes = yield* stores.blocks.changes(scope, "b 0", 1000, 1000)
      assert.deepStrictEqual(
        changes.map(({ replaced }) => replaced),
        [texts[0] ?? "", ...texts.slice(0, -1)].toReversed()
      )
    })
  })
]
