import type { Message, Part } from "@atrium/core/conversations/Message"
import { assert, it } from "@effect/vitest"
import { tokensOf, tokensOfMessage } from "../src/Tokens.ts"
import { fit, type Window } from "../src/Window.ts"

const message = (id: string, role: Message["role"], parts: ReadonlyArray<Part>): Message => ({
  id,
  role,
  parts,
  turnId: "t",
  at: 0,
  partial: false
})
const text = (id: string, role: Message["role"] = "user", said = id) =>
  message(id, role, [{ _tag: "Text", text: said }])
const call = (id: string, ...calls: ReadonlyArray<string>) =>
  message(
    id,
    "assistant",
    calls.map((callId) => ({ _tag: "ToolCall", callId, name: "look", input: {} }))
  )
const result = (id: string, ...calls: ReadonlyArray<string>) =>
  message(
    id,
    "tool",
    calls.map((callId) => ({ _tag: "ToolResult", callId, output: "seen", failed: false }))
  )

const ids = (messages: ReadonlyArray<Message>, window: Partial<Window>) =>
  fit(messages, {
    tokens: Number.POSITIVE_INFINITY,
    messages: Number.POSITIVE_INFINITY,
    ...window
  }).kept.map(({ id }) => id)

it("[072] the 101st message evicts the oldest, and the next one the next", () => {
  const all = Array.from({ length: 102 }, (_, n) => text(`m${n}`))
  assert.deepStrictEqual(ids(all.slice(0, 100), { messages: 100 })[0], "m0")
  assert.deepStrictEqual(ids(all.slice(0, 101), { messages: 100 })[0], "m1")
  assert.deepStrictEqual(ids(all, { messages: 100 })[0], "m2")
  assert.lengthOf(ids(all, { messages: 100 }), 100)
})

it("[072] a call and its result are never split, wherever the window ends", () => {
  const all = [text("q"), call("c", "1", "2"), result("r", "1", "2"), text("a", "assistant")]
  assert.deepStrictEqual(ids(all, { messages: 4 }), ["q", "c", "r", "a"])
  assert.deepStrictEqual(ids(all, { messages: 3 }), ["c", "r", "a"])
  assert.deepStrictEqual(ids(all, { messages: 2 }), ["a"])
  for (let tokens = 0; tokens < 120; tokens++) {
    const kept = ids(all, { tokens })
    assert.strictEqual(kept.includes("c"), kept.includes("r"), `${tokens} tokens`)
    assert.deepStrictEqual(kept, ["q", "c", "r", "a"].slice(4 - kept.length))
  }
})

it("leaves out results whose call was not read, and calls without all their results", () => {
  assert.deepStrictEqual(ids([result("r", "1"), text("a")], {}), ["a"])
  assert.deepStrictEqual(ids([call("c", "1", "2"), result("r", "1"), text("a")], {}), ["a"])
  assert.deepStrictEqual(ids([call("c", "1")], {}), [])
})

it("estimates a third of the bytes, so a window is not overrun", () => {
  assert.strictEqual(tokensOf(""), 0)
  assert.strictEqual(tokensOf("a"), 1)
  assert.strictEqual(tokensOf("abcdef"), 2)
  assert.strictEqual(tokensOf("漢字"), 2)
  assert.strictEqual(tokensOf("👩"), 2)
  const all = Array.from({ length: 50 }, (_, n) => text(`m${n}`, "user", "x".repeat(n * 7)))
  for (const tokens of [0, 10, 100, 500, 3000]) {
    const { kept } = fit(all, { tokens, messages: Number.POSITIVE_INFINITY })
    const sum = kept.reduce((total, one) => total + tokensOfMessage(one), 0)
    assert.isAtMost(sum, tokens)
    const next = all[all.length - kept.length - 1]
    if (next !== undefined) assert.isAbove(sum + tokensOfMessage(next), tokens)
  }
})
