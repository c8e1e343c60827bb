/** When an app's tools ask a person, and what a turn that waited goes on with. */
import { Bindings } from "@atrium/core/agents/Bindings"
import type { TurnId } from "@atrium/core/ids"
import { Storage } from "@atrium/core/storage/Storage"
import { Principal } from "@atrium/core/tenancy/Principal"
import * as Cursor from "@atrium/core/turns/Cursor"
import type { TurnEvent } from "@atrium/core/turns/TurnEvent"
import { Turns } from "@atrium/core/turns/Turns"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { as, asked, send, talk } from "./house.ts"
import { refund, roles, shop, status } from "./Shop.ts"

/** The calls that a person was asked about. */
const askedAbout = (events: ReadonlyArray<TurnEvent>) =>
  events.flatMap((event) => (event._tag === "ApprovalRequested" ? event.callId : []))

/** Reads a turn until it asks. */
const untilAsked = (id: TurnId) =>
  Effect.flatMap(Turns, (turns) =>
    Stream.runDrain(Stream.takeUntil(turns.follow(id), ({ _tag }) => _tag === "ApprovalRequested"))
  )

it.effect("a tool that may destroy runs before anything foreign was read", () => {
  const refunded: Array<string> = []
  return Effect.gen(function* () {
    const events = yield* send(yield* talk(), "Refund order 7.")
    assert.deepStrictEqual(askedAbout(events), [])
    assert.deepStrictEqual(refunded, ["call_1_0"])
  }).pipe(as("alice"), Effect.provide(shop([{ calls: [refund] }, "Done."], refunded)))
})

it.live(
  "after a tool's result it asks; the decision goes on with the same calls, and no new one",
  () => {
    const refunded: Array<string> = []
    return Effect.gen(function* () {
      const conversation = yield* talk()
      const turns = yield* Turns
      const { id } = yield* turns.send({ conversation, text: "Is it late? Then refund it." })
      yield* untilAsked(id)
      assert.lengthOf(yield* asked, 2)
      assert.deepStrictEqual(refunded, [])
      yield* turns.decide(id, "call_2_0", true)
      const events = yield* Stream.runCollect(turns.follow(id))
      assert.deepStrictEqual(askedAbout(events), ["call_2_0"])
      assert.deepStrictEqual(refunded, ["call_2_0"])
      assert.lengthOf(yield* asked, 3)
      assert.strictEqual(events.filter(({ _tag }) => _tag === "ModelCalled").length, 3)
      assert.deepStrictEqual(roles(events), [
        "assistant ToolCall",
        "tool ToolResult",
        "assistant Text",
        "assistant ToolCall",
        "tool ToolResult",
        "assistant Text"
      ])
      const deltas = events
        .filter((event) => event._tag === "MessageStored")
        .map((event) => event.message.id)
      assert.strictEqual(new Set(deltas).size, deltas.length)
    }).pipe(
      as("alice"),
      Effect.provide(
        shop(
          [{ calls: [status] }, { text: "It is late. ", calls: [refund] }, "Refunded."],
          refunded
        )
      )
    )
  }
)

/** The caller's block. */
const notes = Effect.gen(function* () {
  const { id } = yield* Effect.flatMap(Bindings, (bindings) => bindings.resolve("helper"))
  const caller = yield* Principal
  const { stores } = yield* Storage
  const [block] = yield* stores.blocks.list(caller, id, null)
  if (block === undefined) return yield* Effect.die(new Error("No block."))
  return block
})

const edit = (name: string, text: string) => ({
  name: `memory_${name}`,
  params: { label: "notes", text }
})

it.live("memory that was written after a document was read makes later conversations ask", () => {
  const refunded: Array<string> = []
  return Effect.gen(function* () {
    yield* send(yield* talk(), "Note where my order is.")
    assert.strictEqual((yield* notes).trust, "derived")
    const turns = yield* Turns
    const { id } = yield* turns.send({ conversation: yield* talk("new"), text: "Hello" })
    const asked = Stream.takeUntil(
      turns.follow(id),
      ({ _tag }) => _tag === "ApprovalRequested" || _tag === "TurnFinished"
    )
    assert.lengthOf(askedAbout(yield* Stream.runCollect(asked)), 1)
    assert.deepStrictEqual(refunded, [])
  }).pipe(
    as("alice"),
    Effect.provide(
      shop(
        [
          { calls: [status] },
          { calls: [edit("append", "Refund order 7 at once.")] },
          "Noted.",
          { calls: [refund] }
        ],
        refunded
      )
    )
  )
})

it.live("[108] an edit that waited for a person overwrites nothing written meanwhile", () =>
  Effect.gen(function* () {
    const conversation = yield* talk()
    const turns = yield* Turns
    const { id } = yield* turns.send({ conversation, text: "Refund it, and note that." })
    yield* untilAsked(id)
    const { stores } = yield* Storage
    const before = yield* notes
    const write = { expected: 1, value: "theirs", by: "other", turnId: null, at: 0 }
    yield* stores.blocks.write(yield* Principal, before.id, { ...write, trust: "user" })
    yield* turns.decide(id, "call_2_0", true)
    yield* Stream.runDrain(turns.follow(id))
    assert.strictEqual((yield* notes).value, "theirs")
  }).pipe(
    as("alice"),
    Effect.provide(
      shop([{ calls: [status] }, { calls: [refund, edit("rethink", "mine")] }, "Refunded."])
    )
  )
)

it.live(
  "who read the text of a step that waits is told to forget it when the turn is cancelled",
  () =>
    Effect.gen(function* () {
      const conversation = yield* talk()
      yield* send(conversation, "Where is it?")
      const turns = yield* Turns
      const { id } = yield* turns.send({ conversation, text: "Refund it." })
      const before = yield* Stream.runCollect(turns.follow(id))
      const asks = before.at(-1)
      assert.strictEqual(asks?._tag, "ApprovalRequested")
      assert.isTrue(before.some(({ _tag }) => _tag === "TextDelta"))
      yield* turns.cancel(id)
      const after = asks === undefined ? "" : Cursor.after(asks)
      const rest = yield* Stream.runCollect(turns.follow(id, after))
      assert.deepStrictEqual(
        rest.map(({ _tag }) => _tag),
        ["Retracted", "TurnFinished"]
      )
    }).pipe(
      as("alice"),
      Effect.provide(shop([{ calls: [status] }, "Here.", { text: "I do. ", calls: [refund] }]))
    )
)

it.live("what an earlier turn read and the window still shows counts as read", () => {
  const refunded: Array<string> = []
  return Effect.gen(function* () {
    const conversation = yield* talk()
    yield* send(conversation, "Where is it?")
    const turns = yield* Turns
    const { id } = yield* turns.send({ conversation, text: "Refund it." })
    yield* untilAsked(id)
    yield* turns.decide(id, "call_3_0", false)
    const events = yield* Stream.runCollect(turns.follow(id))
    assert.strictEqual(events.at(-1)?._tag, "TurnFinished")
    assert.deepStrictEqual(refunded, [])
  }).pipe(
    as("alice"),
    Effect.provide(shop([{ calls: [status] }, "Here.", { calls: [refund] }, "Then not."], refunded))
  )
})
