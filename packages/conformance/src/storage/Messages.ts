/** Messages: a transcript that is never rewritten, and the window of it that a prompt is made from. */

import type { Message } from "@atrium/core/conversations/Message"
import { Storage } from "@atrium/core/storage/Storage"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { range } from "./Interleaving.ts"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"

/** A conversation of `turns` turns with three messages each, written in no order. */
const transcript = Effect.fnUntraced(function* (turns: number) {
  const { stores } = yield* Storage
  const scope = yield* scopeOf("tenant", "user")
  yield* stores.conversations.resolve(scope, Samples.conversation("c", "user"))
  const records = range(turns).flatMap((turn) =>
    range(3).map((index) => Samples.messageAt("c", "user", turn + 1, index))
  )
  for (const third of [1, 2, 0]) {
    yield* stores.messages.append(scope, records.filter((_, i) => i % 3 === third).toReversed())
  }
  return { scope, stores, all: records.map(({ message }) => message) }
})

const idsOf = (messages: ReadonlyArray<Message>) => messages.map(({ id }) => id)

/** Parts of every kind, with texts that storages get wrong. */
const everyPart: Message["parts"] = [
  { _tag: "Text", text: "" },
  { _tag: "Text", text: "a\u0001b \u{1f600} e\u0301 \u202e right\nleft \\ ' \" % _ \ufeff" },
  { _tag: "Reasoning", text: "because" },
  {
    _tag: "ToolCall",
    callId: "1",
    name: "search",
    input: { a: [1, -0.5, null, true, "x"], b: {} }
  },
  { _tag: "ToolResult", callId: "1", output: "plain", failed: true },
  { _tag: "Citation", number: 1, passageId: "p", title: "t", quote: "words" }
]

export const messages: ReadonlyArray<StorageRule> = [
  rule({
    id: "STO-7b",
    sentence: "messages are listed in the order of turns, each whole, and told turn by turn",
    check: Effect.fnUntraced(function* () {
      const { all, scope, stores } = yield* transcript(12)
      const listed = yield* stores.messages.list(scope, "c", {})
      assert.deepStrictEqual(idsOf(listed.items), idsOf(all))
      for (const position of [1, 2, 10, 12]) {
        const found = yield* stores.messages.ofTurn(scope, "c", position)
        assert.deepStrictEqual(found, all.slice(3 * position - 3, 3 * position))
      }
      assert.deepStrictEqual(yield* stores.messages.ofTurn(scope, "c", 13), [])
      assert.deepStrictEqual(yield* stores.messages.ofTurn(scope, "other", 1), [])
    })
  }),
  rule({
    id: "STO-7c",
    sentence: "a message is read as it was written: every kind of part, every character",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      yield* stores.conversations.resolve(scope, Samples.conversation("c", "user"))
      const roles = ["user", "assistant", "tool", "summary"] satisfies ReadonlyArray<
        Message["role"]
      >
      const written = roles.map((role, i) =>
        Samples.message(`m ${i}`, "", { role, parts: everyPart, partial: i % 2 === 0 })
      )
      yield* stores.messages.append(
        scope,
        written.map((message, i) => ({ ...Samples.messageAt("c", "user", 1, i), message }))
      )
      assert.deepStrictEqual((yield* stores.messages.list(scope, "c", {})).items, written)
    })
  }),
  rule({
    id: "STO-7d",
    sentence: "a message that stands is not rewritten by another one for its place",
    check: Effect.fnUntraced(function* () {
      const { all, scope, stores } = yield* transcript(2)
      const again = Samples.messageAt("c", "user", 1, 1, "rewritten")
      yield* Effect.exit(stores.messages.append(scope, [again]))
      assert.deepStrictEqual((yield* stores.messages.list(scope, "c", {})).items, all)
    })
  }),
  rule({
    id: "STO-7e",
    sentence: "the window holds the newest messages of turns before a position, oldest first",
    check: Effect.fnUntraced(function* () {
      const { all, scope, stores } = yield* transcript(12)
      for (const position of [1, 2, 11, 1000]) {
        const before = all.slice(0, 3 * (position - 1))
        for (const limit of [1, 3, 4, 30, 1000]) {
          const found = yield* stores.messages.recent(scope, "c", position, limit)
          assert.deepStrictEqual(found, before.slice(-limit), `${limit} before ${position}`)
        }
      }
      assert.deepStrictEqual(yield* stores.messages.recent(scope, "c", 5, 0), [])
      assert.deepStrictEqual(yield* stores.messages.recent(scope, "other", 5, 5), [])
    })
  }),
  rule({
    id: "TRN-10",
    sentence: "messages of a failed turn stay out of the window, and in the transcript",
    check: Effect.fnUntraced(function* () {
      const { all, scope, stores } = yield* transcript(12)
      for (const position of [2, 11, 12, 99]) yield* stores.messages.skip(scope, "c", position)
      const kept = all.filter((_, i) => ![1, 10, 11].includes(Math.floor(i / 3)))
      for (const limit of [1, 3, 4, 7, 27, 100]) {
        const found = yield* stores.messages.recent(scope, "c", 13, limit)
        assert.deepStrictEqual(found, kept.slice(-limit), `a window of ${limit}`)
      }
      assert.deepStrictEqual((yield* stores.messages.list(scope, "c", {})).items, all)
      assert.lengthOf(yield* stores.messages.ofTurn(scope, "c", 11), 3)
    })
  }),
  rule({
    id: "MEM-7",
    sentence: "what left the window is still in the transcript",
    check: Effect.fnUntraced(function* () {
      const { all, scope, stores } = yield* transcript(60)
      const window = yield* stores.messages.recent(scope, "c", 61, 50)
      assert.lengthOf(window, 50)
      assert.deepStrictEqual(window, all.slice(-50))
      const { items } = yield* stores.messages.list(scope, "c", { limit: 1000 })
      assert.deepStrictEqual(idsOf(items), idsOf(all))
    })
  })
]
