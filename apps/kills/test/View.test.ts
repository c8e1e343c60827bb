/** What a reader of a turn makes of a message that was cut off. */
import type { Message } from "@atrium/core/conversations/Message"
import { assert, describe, it } from "@effect/vitest"
import { View } from "../src/View.ts"

const piece = { sequence: 1, attempt: 0, messageId: "m", offset: 0 }

/** What is wrong with a reader who read a text and the begin of a call, and then what was stored. */
const wrongWith = (stored: Pick<Message, "parts" | "partial">): ReadonlyArray<string> => {
  const view = new View("reader")
  view.read({ _tag: "TextDelta", ...piece, part: 0, text: "One moment" }, "1.0.10")
  view.read(
    { _tag: "ToolInputDelta", ...piece, part: 1, text: '{"amo', callId: "c", name: "pay" },
    "1.0.5"
  )
  const message: Message = { id: "m", role: "assistant", turnId: "t", at: 1, ...stored }
  view.read({ _tag: "MessageStored", sequence: 1, at: 1, message }, "1")
  return view.wrong
}

describe("a message that was cut off", () => {
  it("keeps its texts, and none of the calls it was about to make", () => {
    const parts = [{ _tag: "Text" as const, text: "One moment" }]
    assert.deepStrictEqual(wrongWith({ parts, partial: true }), [])
  })

  it("has lost text where less is stored than was told", () => {
    const parts = [{ _tag: "Text" as const, text: "One" }]
    assert.lengthOf(wrongWith({ parts, partial: true }), 1)
  })

  it("is no excuse for one that was not", () => {
    const parts = [{ _tag: "Text" as const, text: "One moment" }]
    assert.lengthOf(wrongWith({ parts, partial: false }), 1)
  })
})
