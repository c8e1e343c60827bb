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
      const turn = Samples.turn("t", "c", "user")
      yield* stores.users.save(scope, { ...Samples.user("user"), properties: { plan: "pro" } })
      yield* stores.agents.save(scope, Samples.agent("a", "user", { tags: ["tag"] }))
      yield* stores.conversations.resolve(scope, Samples.conversation("c", "user"))
      yield* stores.messages.append(scope, [
        { ...Samples.messageAt("c", "user", 1, 0), message: call() }
      ])
      yield* stores.turns.insert(scope, turn)
      yield* stores.turns.advance(scope, turn, [Samples.fact(1)])
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
        stores.turns.facts(scope, turn, 1)
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
      vandalise(agent)
      vandalise(record)
      const kept = yield* stores.agents.find(scope, "a")
      assert.deepStrictEqual(Option.getOrThrow(kept).tags, ["tag"])
      assert.deepStrictEqual((yield* stores.messages.list(scope, "c", {})).items, [call()])
    })
  })
]
