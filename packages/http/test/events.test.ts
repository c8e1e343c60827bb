/** The wire format of events: what core tells is what a client reads. */
import { TurnDelta } from "@atrium/core/turns/TurnDelta"
import { TurnFact } from "@atrium/core/turns/TurnFact"
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { decodeEvent, encodeEvent } from "../src/api/TurnEvents.ts"

describe("events", () => {
  it.prop(
    "every fact and delta comes back as it was",
    [Schema.Union([TurnFact, TurnDelta])],
    ([event]) => {
      assert.deepStrictEqual(decodeEvent(encodeEvent(event)), JSON.parse(JSON.stringify(event)))
    }
  )

  it("a text that was split inside a character joins again", () => {
    const text = "a🙂b"
    const told = [text.slice(0, 2), text.slice(2)].map((piece) =>
      decodeEvent(
        encodeEvent({
          _tag: "TextDelta",
          sequence: 2,
          attempt: 0,
          messageId: "m",
          part: 0,
          offset: 0,
          text: piece
        })
      )
    )
    assert.strictEqual(
      told.map((event) => event?._tag === "TextDelta" && event.text).join(""),
      text
    )
  })

  it("what is no JSON is no event, what is no known event is Unknown", () => {
    for (const data of ["", "{", "undefined", "NaN"]) assert.isUndefined(decodeEvent(data))
    for (const data of ["null", "1", "[]", "{}", `{"_tag":1}`, `{"_tag":"Later","x":{}}`]) {
      const event = decodeEvent(data)
      assert.strictEqual(event?._tag, "Unknown", data)
      assert.deepStrictEqual(event?._tag === "Unknown" && event.event, JSON.parse(data))
    }
  })
})
