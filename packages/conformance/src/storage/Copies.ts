/** STO-4: what is stored changes by a write and by nothing else. */

import { Storage } from "@atrium/core/storage/Storage"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"

/** Changes every object and array in `value`, as far down as it goes, where it can be changed. */
const vandalise = (value: unknown): void => {
  if (typeof value !== "object" || value === null) return
  for (const inner of Object.values(value)) vandalise(inner)
  for (const key of Object.keys(value)) Reflect.set(value, key, "vandalised")
  if (Array.isArray(value)) Reflect.apply(Array.prototype.push, value, ["vandalised"])
}

const call = () =>
  Samples.message("call", "", {
    role: "assistant",
    parts: [
      { _tag: "ToolCall", callId: "1", name: "search", input: { words: ["deep", { er: true }] } },
      { _tag: "ToolResult", callId: "1", output: { found: [1, 2] }, failed: false }
    ]
  })

export const copies: ReadonlyArray<StorageRule> = [
  rule({
    id: "STO-4a",
    rows: ["077"],
    sentence: "changing an answer, nested tool calls included, changes nothing stored",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      const turn = Samples.turn("t", "c", "user", {
        draft: { calls: [{ id: "1" }] },
        waiting: [{ callId: "1", expiresAt: 1 }]
      })
      yield* stores.users.save(scope, { ...Samples.user("user"), properties: { plan: "pro" } })
      yield* stores.agents.save(scope, Samples.agent("a", "user", { tags: ["tag"] }))
      yield* stores.conversations.resolve(scope, Samples.conversation("c", "user"))
      yield* stores.messages.append(scope, [
        { ...Samples.messageAt("c", "user", 1, 0), message: call() }
      ])
      yield* stores.turns.insert(scope, turn)
      yield* stores.turns.advance(scope, turn, [Samples.fact(1)])
      const whole = yield* scopeOf("tenant")
      const archive = Samples.archive("user")
      yield* stores.blocks.insert(scope, [Samples.block("b", "user")])
      yield* stores.blocks.write(scope, "b", Samples.write(1, "new"))
      yield* stores.passages.insert(scope, [Samples.passage("p", archive, { tags: ["tag"] })])
      yield* stores.words.add(scope, archive, [Samples.item("p", ["word"])], 1)
      yield* stores.documents.save(whole, Samples.document("s", "d", { passages: ["p"] }))
      yield* stores.ledger.append(scope, [Samples.row("t", "user")])
      const reads: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        stores.users.find(scope, "user"),
        stores.users.list(scope, {}),
        stores.agents.find(scope, "a"),
        stores.agents.list(scope, {}),
        stores.conversations.find(scope, "c"),
        stores.conversations.resolve(scope, Samples.conversation("c", "user")),
        stores.messages.list(scope, "c", {}),
        stores.messages.ofTurn(scope, "c", 1),
        stores.messages.recent(scope, "c", 10, 10),
        stores.turns.find(scope, "t"),
        stores.turns.unended(scope, "c"),
        stores.turns.facts(scope, turn, 1),
        stores.blocks.find(scope, "b"),
        stores.blocks.list(scope, "agent", null),
        stores.blocks.changes(scope, "b", 9, 9),
        stores.passages.find(scope, ["p"]),
        stores.passages.list(scope, archive, {}),
        stores.passages.list(scope, archive, { tags: ["tag"] }),
        stores.words.search(scope, [{ ...archive }], ["word"], 9),
        stores.words.marks(scope, [archive]),
        stores.documents.find(scope, "s", "d"),
        stores.documents.list(scope, "s", {}),
        stores.ledger.list(scope, {}),
        stores.ledger.total(scope, 0, Number.MAX_SAFE_INTEGER)
      ]
      for (const read of reads) {
        const before = JSON.stringify(yield* read)
        vandalise(yield* read)
        assert.strictEqual(JSON.stringify(yield* read), before)
        assert.notInclude(before, "vandalised")
      }
    })
  }),
  rule({
    id: "STO-4b",
    rows: ["077"],
    sentence: "changing a record after it was written changes nothing stored",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      yield* stores.conversations.resolve(scope, Samples.conversation("c", "user"))
      const agent = Samples.agent("a", "user", { tags: ["tag"] })
      const record = { ...Samples.messageAt("c", "user", 1, 0), message: call() }
      yield* stores.agents.save(scope, agent)
      yield* stores.messages.append(scope, [record])
      const block = Samples.block("b", "user")
      const passage = Samples.passage("p", Samples.archive("user"), { tags: ["tag"] })
      const document = Samples.document("s", "d", { passages: ["p"] })
      const row = Samples.row("t", "user")
      const item = Samples.item("p", ["word"])
      const whole = yield* scopeOf("tenant")
      yield* stores.blocks.insert(scope, [block])
      yield* stores.passages.insert(scope, [passage])
      yield* stores.documents.save(whole, document)
      yield* stores.ledger.append(scope, [row])
      yield* stores.words.add(scope, Samples.archive("user"), [item], 1)
      const given = structuredClone({ block, document, passage, row })
      for (const written of [agent, record, block, passage, document, row]) vandalise(written)
      if (item.words instanceof Map) item.words.clear()
      const kept = yield* stores.agents.find(scope, "a")
      assert.deepStrictEqual(Option.getOrThrow(kept).tags, ["tag"])
      assert.deepStrictEqual((yield* stores.messages.list(scope, "c", {})).items, [call()])
      assert.deepStrictEqual(Option.getOrThrow(yield* stores.blocks.find(scope, "b")), given.block)
      assert.deepStrictEqual(yield* stores.passages.find(scope, ["p"]), [given.passage])
      const saved = yield* stores.documents.find(scope, "s", "d")
      assert.deepStrictEqual(Option.getOrThrow(saved), given.document)
      assert.deepStrictEqual((yield* stores.ledger.list(scope, {})).items, [given.row])
      const archives = [Samples.archive("user")]
      assert.lengthOf(yield* stores.words.search(scope, archives, ["word"], 9), 1)
    })
  })
]
