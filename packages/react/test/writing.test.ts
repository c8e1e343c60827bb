import type { Message } from "@atrium/core/conversations/Message"
import type { ReadEvent } from "@atrium/http/client"
import { expect, test } from "vitest"
import { asked } from "../src/ShownTurn.ts"
import { continued, turnsOf } from "../src/Transcript.ts"
import { begun, written } from "../src/Writing.ts"

const usage = { input: 0, output: 0, cached: 0, reasoning: 0, microUsd: null }
const message = (id: string, role: Message["role"], parts: Message["parts"]): Message => ({
  id,
  role,
  parts,
  turnId: "t",
  at: 1,
  partial: false
})
const delta = (messageId: string, offset: number, text: string, attempt = 0): ReadEvent => ({
  _tag: "TextDelta",
  sequence: 2,
  attempt,
  messageId,
  part: 0,
  offset,
  text
})
const stored = (stores: Message): ReadEvent => ({
  _tag: "MessageStored",
  sequence: 2,
  at: 1,
  message: stores
})
const after = (...events: ReadonlyArray<ReadEvent>) =>
  events.reduce(written, begun(asked("t", "Hello", "running"))).turn

test("puts pieces where they belong, told twice or not", () => {
  expect(
    after(delta("m", 0, "one "), delta("m", 4, "two"), delta("m", 4, "two three")).answer
  ).toBe("one two three")
})

test("forgets what was written by a run that died", () => {
  const retracted: ReadEvent = { _tag: "Retracted", sequence: 2, attempt: 1, messageId: "m" }
  expect(after(delta("m", 0, "lost"), retracted, delta("n", 0, "kept", 1)).answer).toBe("kept")
  // Also where nobody could say so: another message begins only after one is stored.
  expect(after(delta("m", 0, "lost"), delta("n", 0, "kept", 1)).answer).toBe("kept")
  expect(
    after(
      delta("m", 0, "lost"),
      stored(message("n", "assistant", [{ _tag: "Text", text: "kept" }]))
    ).answer
  ).toBe("kept")
})

test("forgets a call that was never stored, and keeps one that was", () => {
  const input = (messageId: string, callId: string): ReadEvent => ({
    _tag: "ToolInputDelta",
    sequence: 2,
    attempt: 0,
    messageId,
    part: 0,
    offset: 0,
    text: "{}",
    callId,
    name: "look"
  })
  const call = { _tag: "ToolCall", callId: "b", name: "look", input: { q: 1 } } as const
  const turn = after(
    input("m", "a"),
    input("n", "b"),
    stored(message("n", "assistant", [call])),
    delta("o", 0, "Found it")
  )
  expect(turn.tools).toMatchObject([{ callId: "b", state: "running" }])
})

test("tells how tools ended, and stops those that still ran with their turn", () => {
  const calls = (["a", "b", "c"] as const).map(
    (callId) => ({ _tag: "ToolCall", callId, name: "look", input: {} }) as const
  )
  const result = (callId: string, failed: boolean) =>
    ({ _tag: "ToolResult", callId, output: "x", failed }) as const
  const turn = after(
    stored(message("m", "assistant", calls)),
    stored(message("n", "tool", [result("a", false), result("b", true)])),
    { _tag: "TurnFinished", sequence: 3, at: 1, stop: "cancelled", usage }
  )
  expect(turn.tools.map(({ state }) => state)).toEqual(["done", "failed", "stopped"])
  expect(turn).toMatchObject({ state: "stopped", why: expect.stringContaining("Stopped.") })
})

test("passes over what a newer server tells", () => {
  const newer: ReadEvent = { _tag: "Unknown", name: "Sang", event: {} }
  expect(after(delta("m", 0, "la"), newer).answer).toBe("la")
})

test("makes turns of messages: question, answer, tools and sources", () => {
  const citation = {
    _tag: "Citation",
    number: 1,
    passageId: "p",
    title: "Page",
    quote: "q"
  } as const
  const turns = turnsOf([
    message("1", "user", [{ _tag: "Text", text: "Hi" }]),
    message("2", "assistant", [{ _tag: "ToolCall", callId: "a", name: "look", input: {} }]),
    message("3", "tool", [{ _tag: "ToolResult", callId: "a", output: [], failed: false }]),
    message("4", "assistant", [{ _tag: "Text", text: "There [1]" }, citation]),
    { ...message("5", "user", [{ _tag: "Text", text: "And?" }]), turnId: "u" },
    { ...message("6", "assistant", [{ _tag: "Text", text: "Wel" }]), turnId: "u", partial: true },
    { ...message("7", "user", [{ _tag: "Text", text: "So?" }]), turnId: "v" },
    { ...message("8", "summary", [{ _tag: "Text", text: "notes" }]), turnId: "w" }
  ])
  expect(turns).toMatchObject([
    { question: "Hi", answer: "There [1]", state: "answered", citations: [{ number: 1 }] },
    { question: "And?", answer: "Wel", state: "stopped" },
    { question: "So?", answer: "", state: "failed" }
  ])
})

test("puts turns of the newest page at their places among those that are shown", () => {
  const turn = (id: string) => asked(id, "?", "answered")
  const after = (shown: string, newest: string, older: boolean) =>
    continued([...shown].map(turn), [...newest].map(turn), older)
      .map(({ id }) => id)
      .join("")
  expect(after("", "ab", false)).toBe("ab")
  expect(after("ab", "abc", false)).toBe("abc")
  expect(after("abd", "abcde", false)).toBe("abcde")
  expect(after("c", "abc", false)).toBe("abc")
  // Those before the shown ones are left to be asked for.
  expect(after("c", "abcd", true)).toBe("cd")
  // A page that begins behind the first of them, and one that begins behind the last.
  expect(after("abc", "cd", true)).toBe("abcd")
  expect(after("abc", "xy", true)).toBe("xy")
  const known = { ...turn("a"), why: "Stopped." }
  expect(continued([known], [turn("a"), turn("b")], false)[0]).toBe(known)
})
