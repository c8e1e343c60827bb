import { Atrium } from "@atrium/core"
import { Bindings } from "@atrium/core/agents/Bindings"
import { Storage } from "@atrium/core/storage/Storage"
import { Principal } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { CurrentTurn } from "@atrium/core/tools/CurrentTurn"
import * as Tools from "@atrium/core/tools/Tools"
import * as Cursor from "@atrium/core/turns/Cursor"
import type { TurnEvent } from "@atrium/core/turns/TurnEvent"
import { Turns } from "@atrium/core/turns/Turns"
import { type Line, layer as scripted } from "@atrium/testing/ScriptedModel"
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
import { as, asked, promptText, send, talk, template } from "./house.ts"

const OrderStatus = Tool.make("order_status", {
  description: "Where an order is",
  parameters: Schema.Struct({ order: Schema.String }),
  success: Schema.String
}).annotate(Tool.Readonly, true)

const Refund = Tool.make("refund", {
  description: "Pays an order back",
  parameters: Schema.Struct({ order: Schema.String }),
  success: Schema.String,
  dependencies: [CurrentTurn]
}).annotate(Tool.Destructive, true)

const Shop = Toolkit.make(OrderStatus, Refund)

/** What was refunded, by call ids as the turn tells them. */
const shop = (refunded: Array<string>, hangs = { once: false }) =>
  Tools.layer(Shop).pipe(
    Layer.provide(
      Shop.toLayer({
        order_status: ({ order }) => Effect.succeed(`Order ${order} is on the ferry.`),
        refund: Effect.fnUntraced(function* ({ order }) {
          const { callId, turn } = yield* CurrentTurn
          refunded.push(callId.slice(turn.id.length + 1))
          if (hangs.once) {
            hangs.once = false
            return yield* Effect.never
          }
          return `Order ${order} is paid back.`
        })
      })
    )
  )

const house = (
  script: ReadonlyArray<Line>,
  refunded: Array<string> = [],
  storage: Layer.Layer<Storage> = Storage.layerMemory,
  hangs = { once: false }
) =>
  Atrium.layer({
    helper: {
      template: {
        ...template,
        tools: ["order_status", "refund"],
        blocks: [{ label: "notes", owner: "user", value: "one" }]
      },
      binding: { _tag: "Shared", showUser: true }
    }
  }).pipe(
    Layer.provide(Native.layer),
    Layer.provide(shop(refunded, hangs)),
    Layer.provideMerge(storage),
    Layer.provideMerge(scripted(...script)),
    Layer.provideMerge(TenantResolver.layerTrusted),
    Layer.provide(Logger.layer([]))
  )

const roles = (events: ReadonlyArray<TurnEvent>) =>
  events.flatMap((event) =>
    event._tag === "MessageStored"
      ? event.message.parts.map((part) => `${event.message.role} ${part._tag}`)
      : []
  )

const status = { name: "order_status", params: { order: "7" } }
const refund = { name: "refund", params: { order: "7" } }

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
    Effect.provide(house([{ text: "I look. ", calls: [status] }, "On the ferry."]))
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
      house([
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

const state = (events: ReadonlyArray<TurnEvent>) =>
  events.flatMap((event) => (event._tag === "ApprovalRequested" ? event.callId : []))

it.effect("a tool that may destroy runs before anything foreign was read", () => {
  const refunded: Array<string> = []
  return Effect.gen(function* () {
    const events = yield* send(yield* talk(), "Refund order 7.")
    assert.deepStrictEqual(state(events), [])
    assert.deepStrictEqual(refunded, ["call_1_0"])
  }).pipe(as("alice"), Effect.provide(house([{ calls: [refund] }, "Done."], refunded)))
})

it.live(
  "after a tool's result it asks; the decision goes on with the same calls, and no new one",
  () => {
    const refunded: Array<string> = []
    return Effect.gen(function* () {
      const conversation = yield* talk()
      const turns = yield* Turns
      const { id } = yield* turns.send({ conversation, text: "Is it late? Then refund it." })
      yield* Stream.runDrain(
        Stream.takeUntil(turns.follow(id), ({ _tag }) => _tag === "ApprovalRequested")
      )
      assert.lengthOf(yield* asked, 2)
      assert.deepStrictEqual(refunded, [])
      yield* turns.decide(id, "call_2_0", true)
      const events = yield* Stream.runCollect(turns.follow(id))
      assert.deepStrictEqual(state(events), ["call_2_0"])
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
        house(
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
    assert.lengthOf(state(yield* Stream.runCollect(asked)), 1)
    assert.deepStrictEqual(refunded, [])
  }).pipe(
    as("alice"),
    Effect.provide(
      house(
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
    yield* Stream.runDrain(
      Stream.takeUntil(turns.follow(id), ({ _tag }) => _tag === "ApprovalRequested")
    )
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
      house([{ calls: [status] }, { calls: [refund, edit("rethink", "mine")] }, "Refunded."])
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
      Effect.provide(house([{ calls: [status] }, "Here.", { text: "I do. ", calls: [refund] }]))
    )
)

it.live("what an earlier turn read and the window still shows counts as read", () => {
  const refunded: Array<string> = []
  return Effect.gen(function* () {
    const conversation = yield* talk()
    yield* send(conversation, "Where is it?")
    const turns = yield* Turns
    const { id } = yield* turns.send({ conversation, text: "Refund it." })
    yield* Stream.runDrain(
      Stream.takeUntil(turns.follow(id), ({ _tag }) => _tag === "ApprovalRequested")
    )
    yield* turns.decide(id, "call_3_0", false)
    const events = yield* Stream.runCollect(turns.follow(id))
    assert.strictEqual(events.at(-1)?._tag, "TurnFinished")
    assert.deepStrictEqual(refunded, [])
  }).pipe(
    as("alice"),
    Effect.provide(
      house([{ calls: [status] }, "Here.", { calls: [refund] }, "Then not."], refunded)
    )
  )
})

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
          house([{ text: "I do. ", calls: [refund] }], refunded, storage, { once: true })
        )
      )
      const events = yield* Effect.gen(function* () {
        const turns = yield* Turns
        return yield* Stream.runCollect(turns.follow(id))
      }).pipe(
        as("alice"),
        Effect.provide(house(["I cannot tell whether it was paid."], refunded, storage))
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

it.effect("of a hundred calls at once the first 64 are made, and the model is told", () => {
  const keep = { name: "passage_insert", params: { text: "hello" } }
  const calls = Array.from({ length: 100 }, (_, n) => (n % 2 === 0 ? status : keep))
  return Effect.gen(function* () {
    const events = yield* send(yield* talk(), "hello")
    assert.strictEqual(events.at(-1)?._tag, "TurnFinished")
    const results = events.flatMap((event) =>
      event._tag === "MessageStored" && event.message.role === "tool" ? event.message.parts : []
    )
    const failed = results.map((part) => part._tag === "ToolResult" && part.failed)
    assert.deepStrictEqual(
      failed,
      calls.map((_, n) => n >= 64)
    )
  }).pipe(as("alice"), Effect.provide(house([{ calls }, "Done."])))
})

it.effect("of many searches at once the first eight are made, and the model is told", () => {
  const search = (n: number) => ({
    name: n % 2 === 0 ? "passage_search" : "conversation_search",
    params: { query: "hello" }
  })
  const calls = Array.from({ length: 10 }, (_, n) => search(n))
  return Effect.gen(function* () {
    const events = yield* send(yield* talk(), "hello")
    const results = events.flatMap((event) =>
      event._tag === "MessageStored" && event.message.role === "tool" ? event.message.parts : []
    )
    const failed = results.map((part) => part._tag === "ToolResult" && part.failed)
    assert.deepStrictEqual(
      failed,
      calls.map((_, n) => n >= 8)
    )
  }).pipe(as("alice"), Effect.provide(house([{ calls }, "Done."])))
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
        house([
          { calls: [{ name: "memory_append", params: { label: "notes", text: deep } }] },
          "Ok."
        ])
      )
    )
  }
)
