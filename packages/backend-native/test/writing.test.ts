import type { NewDelta } from "@atrium/core/turns/TurnDelta"
import { assert, it } from "@effect/vitest"
import * as Response from "effect/ai/Response"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { CallIds } from "../src/CallIds.ts"
import { Writing } from "../src/Writing.ts"

const decode = Schema.decodeUnknownEffect(Response.StreamPart())

const finish = (reason: Response.FinishReason = "stop"): Response.StreamPartEncoded => ({
  type: "finish",
  reason,
  usage: {
    inputTokens: { total: 1, uncached: 1, cacheRead: undefined },
    outputTokens: { total: 1, text: 1, reasoning: undefined }
  }
})

/** What is told of each part, joined, after it was checked that nothing is told twice or skipped. */
const joined = (deltas: ReadonlyArray<NewDelta>) => {
  const parts = new Map<number, string>()
  for (const delta of deltas) {
    if (delta._tag === "Retracted") continue
    const before = parts.get(delta.part) ?? ""
    assert.strictEqual(delta.offset, before.length)
    assert.notStrictEqual(delta.text, "")
    parts.set(delta.part, before + delta.text)
  }
  return parts
}

const write = Effect.fnUntraced(function* (
  pieces: ReadonlyArray<unknown>,
  used: ReadonlyArray<string> = []
) {
  const writing = new Writing("m", new CallIds("own-", used))
  const deltas: Array<NewDelta> = []
  for (const piece of pieces) deltas.push(...writing.take(yield* decode(piece)))
  return { writing, deltas, told: joined(deltas), said: writing.said() }
})

it.effect("keeps what it tells: reasoning, text and calls, each at its place", () =>
  Effect.gen(function* () {
    const { deltas, said, told } = yield* write([
      { type: "response-metadata", id: "r", modelId: "the-model" },
      { type: "reasoning-start", id: "0" },
      { type: "reasoning-delta", id: "0", delta: "Let me " },
      { type: "reasoning-delta", id: "0", delta: "look." },
      { type: "reasoning-end", id: "0" },
      { type: "text-start", id: "0" },
      { type: "text-delta", id: "0", delta: "I look" },
      { type: "tool-params-start", id: "a", name: "look" },
      { type: "tool-params-delta", id: "a", delta: '{"at":' },
      { type: "text-delta", id: "0", delta: " it up." },
      { type: "tool-params-delta", id: "a", delta: '"7"}' },
      { type: "tool-params-end", id: "a" },
      { type: "tool-call", id: "a", name: "look", params: { at: "7" } },
      { type: "text-end", id: "0" },
      finish("tool-calls")
    ])
    assert.deepStrictEqual(said, [
      { _tag: "Reasoning", text: "Let me look." },
      { _tag: "Text", text: "I look" },
      { _tag: "ToolCall", callId: "a", name: "look", input: { at: "7" } },
      { _tag: "Text", text: " it up." }
    ])
    assert.deepStrictEqual(
      [...told],
      [
        [0, "Let me look."],
        [1, "I look"],
        [2, '{"at":"7"}'],
        [3, " it up."]
      ]
    )
    const inputs = deltas.flatMap((delta) =>
      delta._tag === "ToolInputDelta" ? `${delta.callId} ${delta.name}` : []
    )
    assert.deepStrictEqual(inputs, ["a look", "a look"])
  })
)

it.effect("tells the input of a call that came without pieces", () =>
  Effect.gen(function* () {
    const { said, told } = yield* write([
      { type: "tool-call", id: "a", name: "look", params: { at: 1 } },
      { type: "text-delta", id: "0", delta: "so" },
      finish("tool-calls")
    ])
    assert.deepStrictEqual(
      [...told],
      [
        [0, '{"at":1}'],
        [1, "so"]
      ]
    )
    assert.lengthOf(said, 2)
  })
)

it.effect("replaces what no storage can keep, also where a character comes in halves", () =>
  Effect.gen(function* () {
    const { said, told } = yield* write([
      { type: "text-delta", id: "0", delta: "a\0b\ud83d" },
      { type: "text-delta", id: "0", delta: "\ude00c\udc00" },
      { type: "text-delta", id: "0", delta: "d\ud83d" },
      { type: "tool-call", id: "x", name: "n\0", params: { ["k\ud800"]: ["v\0"] } },
      finish()
    ])
    assert.deepStrictEqual(said, [
      { _tag: "Text", text: "a\u{FFFD}b\u{1F600}c\u{FFFD}d\u{FFFD}" },
      {
        _tag: "ToolCall",
        callId: "x",
        name: "n\u{FFFD}",
        input: { "k\u{FFFD}": ["v\u{FFFD}"] }
      }
    ])
    assert.strictEqual(told.get(0), "a\u{FFFD}b\u{1F600}c\u{FFFD}d\u{FFFD}")
  })
)

it.effect("gives ids of its own where the provider's are taken, too long or malformed", () =>
  Effect.gen(function* () {
    const call = (id: string) => ({ type: "tool-call", id, name: "look", params: {} })
    const { said } = yield* write(
      [
        call("fine"),
        call("fine"),
        call("before"),
        call(""),
        call("x".repeat(64)),
        call("x".repeat(65)),
        call("a b"),
        call("a\0"),
        finish("tool-calls")
      ],
      ["before", "own-2"]
    )
    const ids = said.map((part) => (part._tag === "ToolCall" ? part.callId : ""))
    assert.deepStrictEqual(ids, [
      "fine",
      "own-1",
      "own-3",
      "own-4",
      "x".repeat(64),
      "own-5",
      "own-6",
      "own-7"
    ])
  })
)

it.effect("says which calls were cut off, and what is told still stands in the parts", () =>
  Effect.gen(function* () {
    const { said, told, writing } = yield* write([
      { type: "tool-params-start", id: "a", name: "look" },
      { type: "tool-params-start", id: "b", name: "look" },
      { type: "tool-params-delta", id: "b", delta: '{"at' },
      { type: "text-delta", id: "0", delta: "so" },
      finish("length")
    ])
    assert.deepStrictEqual(
      said.map(({ _tag }) => _tag),
      ["ToolCall", "ToolCall", "Text"]
    )
    assert.deepStrictEqual(writing.cut(), ["a", "b"])
    assert.deepStrictEqual([...told].sort(), [
      [0, "{}"],
      [1, '{"at'],
      [2, "so"]
    ])
  })
)

it.effect(
  "writes on no part that another one follows, so that a reader can come back [TRN-2]",
  () =>
    Effect.gen(function* () {
      const { deltas, said } = yield* write([
        { type: "reasoning-delta", id: "0", delta: "Let me \ud83d" },
        { type: "text-delta", id: "1", delta: "It" },
        { type: "reasoning-delta", id: "0", delta: "look." },
        { type: "text-delta", id: "1", delta: " is." },
        finish()
      ])
      assert.deepStrictEqual(said, [
        { _tag: "Reasoning", text: "Let me \u{FFFD}" },
        { _tag: "Text", text: "It" },
        { _tag: "Reasoning", text: "look." },
        { _tag: "Text", text: " is." }
      ])
      const parts = deltas.map((delta) => (delta._tag === "Retracted" ? -1 : delta.part))
      assert.deepStrictEqual(
        parts,
        [...parts].sort((a, b) => a - b)
      )
    })
)

it.effect("ignores what the provider ran itself", () =>
  Effect.gen(function* () {
    const { said } = yield* write([
      { type: "tool-params-start", id: "a", name: "web", providerExecuted: true },
      { type: "tool-params-delta", id: "a", delta: "{}" },
      { type: "tool-call", id: "a", name: "web", params: {}, providerExecuted: true },
      { type: "text-delta", id: "0", delta: "found" },
      finish()
    ])
    assert.deepStrictEqual(said, [{ _tag: "Text", text: "found" }])
  })
)

const alphabet = ["a", " ", "\ud83d", "\ude00", "\0", "é", "{", '"']

it.effect("whatever comes, what is told of each part is the part", () =>
  Effect.gen(function* () {
    const first = yield* Random.nextIntBetween(0, 1_000_000)
    console.log(`seeds from ${first}`)
    for (let n = 0; n < 300; n++) {
      const { said, told } = yield* Effect.gen(function* () {
        const pick = <A>(of: ReadonlyArray<A>) =>
          Effect.map(Random.nextIntBetween(0, of.length - 1), (at) => of[at] ?? of[0])
        const pieces: Array<unknown> = []
        for (let i = yield* Random.nextIntBetween(0, 20); i > 0; i--) {
          const id = yield* pick(["0", "1"])
          const delta = `${yield* pick(alphabet)}${yield* pick(alphabet)}`
          pieces.push(
            yield* pick([
              { type: "text-start", id },
              { type: "text-delta", id, delta },
              { type: "text-delta", id, delta: "" },
              { type: "text-end", id },
              { type: "reasoning-delta", id, delta },
              { type: "tool-params-start", id, name: "look" },
              { type: "tool-params-delta", id, delta },
              { type: "tool-call", id, name: "look", params: { delta } },
              { type: "tool-call", id, name: "look", params: delta }
            ])
          )
        }
        return yield* write([...pieces, finish()])
      }).pipe(Random.withSeed(`${first + n}`))
      const ids = said.flatMap((part) => (part._tag === "ToolCall" ? part.callId : []))
      assert.strictEqual(new Set(ids).size, ids.length, `seed ${first + n}`)
      for (const [i, part] of said.entries()) {
        const text = part._tag === "Text" || part._tag === "Reasoning" ? part.text : undefined
        if (text !== undefined) assert.strictEqual(told.get(i), text, `seed ${first + n}`)
        // A part of which nothing was told would shift those behind it for a reader.
        assert.isTrue(told.has(i), `seed ${first + n}`)
        assert.isTrue((text ?? "").isWellFormed() && !(text ?? "").includes("\0"))
      }
    }
  })
)

it.effect("the name that a provider gives its model is one that a storage can keep", () =>
  Effect.gen(function* () {
    const modelId = `\0${"m".repeat(300)}`
    const { writing } = yield* write([{ type: "response-metadata", id: "r", modelId }])
    assert.strictEqual(writing.model, `\u{FFFD}${"m".repeat(254)}`)
  })
)
