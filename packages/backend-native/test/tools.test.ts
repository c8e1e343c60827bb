import { Storage } from "@atrium/core/storage/Storage"
import * as Tools from "@atrium/core/tools/Tools"
import type { TurnEvent } from "@atrium/core/turns/TurnEvent"
import { Turns } from "@atrium/core/turns/Turns"
import { layer as scripted } from "@atrium/testing/ScriptedModel"
import { assert, it } from "@effect/vitest"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Native } from "../src/index.ts"
import { as, asked, promptText, send, talk } from "./house.ts"
import { refund, roles, shop, status } from "./Shop.ts"

it.effect("an app's tool is called, its result told, and both stored in one commit", () =>
  Effect.gen(function* () {
    const events = yield* send(yield* talk(), "Where is order 7?")
    assert.deepStrictEqual(roles(events), [
      "assistant Text",
      "assistant ToolCall",
      "tool ToolResult",
      "assistant Text"
    ])
    const [first, second] = yield* asked
    assert.deepStrictEqual(first?.tools.slice(-2), ["order_status", "refund"])
    assert.include(
      second === undefined ? "" : promptText(second),
      `assistant: I look.  | order_status#call_1_0({"order":"7"})\n---\ntool: order_status#call_1_0 -> "Order 7 is on the ferry."`
    )
  }).pipe(
    as("alice"),
    Effect.provide(shop([{ text: "I look. ", calls: [status] }, "On the ferry."]))
  )
)

it.effect("own and app tools in one step are answered in the order of the calls", () =>
  Effect.gen(function* () {
    yield* send(yield* talk(), "Both.")
    const [, second] = yield* asked
    const tool = second?.prompt.content.at(-1)
    const names =
      tool?.role === "tool"
        ? tool.content.map((part) => (part.type === "tool-result" ? part.name : ""))
        : []
    assert.deepStrictEqual(names, [
      "passage_search",
      "order_status",
      "conversation_search",
      "refund"
    ])
  }).pipe(
    as("alice"),
    Effect.provide(
      shop([
        {
          calls: [
            { name: "passage_search", params: { query: "a" } },
            status,
            { name: "conversation_search", params: { query: "a" } },
            refund
          ]
        },
        "Done."
      ])
    )
  )
)

it.live(
  "a run that died while a tool ran goes on with the step, and does not ask the model again",
  () => {
    const refunded: Array<string> = []
    return Effect.gen(function* () {
      const kept = Context.get(yield* Layer.build(Storage.layerMemory), Storage)
      const storage = Layer.succeed(Storage, { ...kept, owners: "one" as const })
      const id = yield* Effect.gen(function* () {
        const turns = yield* Turns
        const turn = yield* turns.send({ conversation: yield* talk(), text: "Refund order 7." })
        yield* Stream.runDrain(
          Stream.takeUntil(turns.follow(turn.id), ({ _tag }) => _tag === "ToolStarted")
        )
        while (refunded.length === 0) yield* Effect.sleep(1)
        return turn.id
      }).pipe(
        as("alice"),
        Effect.provide(
          shop([{ text: "I do. ", calls: [refund] }], refunded, storage, { once: true })
        )
      )
      const events = yield* Effect.gen(function* () {
        const turns = yield* Turns
        return yield* Stream.runCollect(turns.follow(id))
      }).pipe(
        as("alice"),
        Effect.provide(shop(["I cannot tell whether it was paid."], refunded, storage))
      )
      assert.deepStrictEqual(refunded, ["call_1_0"])
      assert.deepStrictEqual(roles(events), [
        "assistant Text",
        "assistant ToolCall",
        "tool ToolResult",
        "assistant Text"
      ])
      const outcomes = events.flatMap((one) => (one._tag === "ToolFinished" ? one.outcome : []))
      assert.deepStrictEqual(outcomes, ["unknown"])
      assert.strictEqual(events.filter(({ _tag }) => _tag === "ModelCalled").length, 2)
    }).pipe(Effect.scoped)
  }
)

it.effect("an app's tool by the name of an agent's own is refused at boot", () =>
  Effect.gen(function* () {
    const kit = Toolkit.make(Tool.make("memory_append", { success: Schema.String }))
    const tools = Tools.layer(kit).pipe(
      Layer.provide(kit.toLayer({ memory_append: () => Effect.succeed("") }))
    )
    const error = yield* Effect.flip(
      Layer.build(
        Native.layer.pipe(
          Layer.provide(tools),
          Layer.provide(Storage.layerMemory),
          Layer.provide(scripted()),
          Layer.provide(Logger.layer([]))
        )
      )
    )
    assert.strictEqual(error.reason._tag, "Rejected")
    assert.include(error.message, "memory_append")
  }).pipe(Effect.scoped)
)

/** Of each result that a turn told, in order: whether it is a failure. */
const failed = (events: ReadonlyArray<TurnEvent>) =>
  events.flatMap((event) =>
    event._tag === "MessageStored" && event.message.role === "tool"
      ? event.message.parts.map((part) => part._tag === "ToolResult" && part.failed)
      : []
  )

it.effect("of a hundred calls at once the first 64 are made, and the model is told", () => {
  const keep = { name: "passage_insert", params: { text: "hello" } }
  const calls = Array.from({ length: 100 }, (_, n) => (n % 2 === 0 ? status : keep))
  return Effect.gen(function* () {
    const events = yield* send(yield* talk(), "hello")
    assert.strictEqual(events.at(-1)?._tag, "TurnFinished")
    assert.deepStrictEqual(
      failed(events),
      calls.map((_, n) => n >= 64)
    )
  }).pipe(as("alice"), Effect.provide(shop([{ calls }, "Done."])))
})

it.effect("of many searches at once the first eight are made, and the model is told", () => {
  const search = (n: number) => ({
    name: n % 2 === 0 ? "passage_search" : "conversation_search",
    params: { query: "hello" }
  })
  const calls = Array.from({ length: 10 }, (_, n) => search(n))
  return Effect.gen(function* () {
    const events = yield* send(yield* talk(), "hello")
    assert.deepStrictEqual(
      failed(events),
      calls.map((_, n) => n >= 8)
    )
  }).pipe(as("alice"), Effect.provide(shop([{ calls }, "Done."])))
})

it.effect(
  "an input that nests a thousand times deeper than any does is told, and kills nothing",
  () => {
    let deep: unknown = "x"
    for (let n = 0; n < 20_000; n++) deep = [deep]
    return Effect.gen(function* () {
      const events = yield* send(yield* talk(), "hello")
      assert.strictEqual(events.at(-1)?._tag, "TurnFinished")
    }).pipe(
      as("alice"),
      Effect.provide(
        shop([
          { calls: [{ name: "memory_append", params: { label: "notes", text: deep } }] },
          "Ok."
        ])
      )
    )
  }
)
