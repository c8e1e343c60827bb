/** Tools: registered once by name, called as the caller, and whatever they do becomes an outcome. */
import { assert, describe, it } from "@effect/vitest"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import * as TestClock from "effect/testing/TestClock"
import { Definitions } from "../src/agents/Definitions.ts"
import { AgentId, ConversationId, TurnId } from "../src/ids.ts"
import { Storage } from "../src/storage/Storage.ts"
import { Principal } from "../src/tenancy/Principal.ts"
import { TenantResolver } from "../src/tenancy/TenantResolver.ts"
import { CurrentTurn } from "../src/tools/CurrentTurn.ts"
import { layer, TimeoutMs, Tools } from "../src/tools/Tools.ts"
import { agents, backend } from "./turns-app.ts"

const order = Schema.Struct({ order: Schema.String })

const Status = Tool.make("order_status", {
  description: "Where an order is",
  parameters: order,
  success: Schema.Struct({ tenant: Schema.String, order: Schema.String, call: Schema.String }),
  failure: Schema.Struct({ unknown: Schema.String }),
  dependencies: [Principal, CurrentTurn]
}).annotate(Tool.Readonly, true)
const Refund = Tool.make("refund", { parameters: order, success: Schema.Void })
const Book = Tool.make("book", { parameters: order, success: Schema.String })
  .annotate(Tool.Idempotent, true)
  .annotate(Tool.Destructive, false)
const Hang = Tool.make("hang", { success: Schema.String })
  .annotate(Tool.Destructive, false)
  .annotate(TimeoutMs, 1000)
const Ask = Tool.make("ask", { success: Schema.String, needsApproval: true })

class Warehouse extends Context.Service<Warehouse, { readonly name: string }>()("Warehouse") {}

const shop = Toolkit.make(Status, Refund, Book, Hang, Ask)
const handlers = shop.toLayer(
  Effect.gen(function* () {
    const warehouse = yield* Warehouse
    return shop.of({
      order_status: Effect.fnUntraced(function* ({ order }) {
        if (order === "none") return yield* Effect.fail({ unknown: order })
        if (order === "bug") return yield* Effect.die(new Error("a bug with secret-text"))
        const { tenantId } = yield* Principal
        const { callId } = yield* CurrentTurn
        return { tenant: tenantId, order, call: callId }
      }),
      refund: () => Effect.void,
      book: ({ order }) =>
        Effect.succeed(order.repeat(order === "x" ? 200_000 : 1) + warehouse.name),
      hang: () => Effect.never,
      ask: () => Effect.succeed("asked")
    })
  })
)
const registered = layer(shop).pipe(
  Layer.provide(handlers),
  Layer.provide(Layer.succeed(Warehouse, { name: "north" }))
)

const turn = {
  turn: {
    id: TurnId("turn"),
    conversationId: ConversationId("conv"),
    retryOf: Option.none(),
    state: "running"
  },
  agent: { id: AgentId("agent"), template: "helper" },
  conversation: { id: ConversationId("conv"), key: "default" },
  user: Option.none()
} as const

const call = (name: string, input: Schema.Json, callId = "call_1", id = turn.turn.id) =>
  Effect.flatMap(Tools, (tools) =>
    tools.call({ callId, name, input }, { ...turn, turn: { ...turn.turn, id } })
  ).pipe(TenantResolver.provide({ tenant: "acme", user: "ann", scopes: [] }))

const run = <A, E>(self: Effect.Effect<A, E, TenantResolver>) =>
  self.pipe(
    Effect.provide(registered),
    Effect.provide([TenantResolver.layerTrusted, Logger.layer([])])
  )

describe("tools", () => {
  it.effect("annotations decide on retry, approval and time-out", () =>
    run(
      Effect.gen(function* () {
        const { list } = yield* Tools
        assert.deepStrictEqual(
          list.map(({ approval, name, retry, timeoutMs }) => [name, retry, approval, timeoutMs]),
          [
            ["order_status", "safe", "never", 30_000],
            ["refund", "never", "after-foreign", 30_000],
            ["book", "same-id", "never", 30_000],
            ["hang", "never", "never", 1000],
            ["ask", "never", "always", 30_000]
          ]
        )
        assert.deepInclude(list[0], { description: "Where an order is" })
        assert.deepInclude(list[0]?.input, { type: "object" })
      })
    )
  )

  it.effect(
    "[111] a tool runs as the caller, in the turn, with the services it was made with",
    () =>
      run(
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* call("order_status", { order: "7" }), {
            callId: "call_1",
            output: { tenant: "acme", order: "7", call: "turn.call_1" },
            failed: false,
            outcome: "done"
          })
          assert.strictEqual((yield* call("book", { order: "7" })).output, "7north")
          assert.deepStrictEqual((yield* call("refund", { order: "7" })).output, null)
        })
      )
  )

  it.effect("a tool runs as the caller of its turn, whoever the app was built as", () =>
    Effect.gen(function* () {
      const built = yield* Layer.build(registered).pipe(
        Effect.provideService(CurrentTurn, {
          ...turn,
          callId: "another call",
          conversation: { id: ConversationId("another"), key: "another" }
        }),
        TenantResolver.provide({ tenant: "globex", user: "eve", scopes: ["operator"] })
      )
      const { output } = yield* Effect.provide(call("order_status", { order: "7" }), built)
      assert.deepStrictEqual(output, { tenant: "acme", order: "7", call: "turn.call_1" })
    }).pipe(Effect.scoped, Effect.provide([TenantResolver.layerTrusted, Logger.layer([])]))
  )

  it.effect("the key of a call is no other call's, though providers give the same ids again", () =>
    run(
      Effect.gen(function* () {
        const keyOf = (id: string) =>
          Effect.map(
            call("order_status", { order: "7" }, "call_0", TurnId(id)),
            ({ output }) => output
          )
        assert.notDeepEqual(yield* keyOf("turn-1"), yield* keyOf("turn-2"))
        assert.deepStrictEqual(yield* keyOf("turn-1"), yield* keyOf("turn-1"))
      })
    )
  )

  it.effect("arguments of the wrong shape, failures and defects are told, and nothing fails", () =>
    run(
      Effect.gen(function* () {
        const hostile: ReadonlyArray<Schema.Json> = [
          null,
          {},
          { order: 7 },
          [],
          "order",
          { order: null, __proto__: { order: "7" } },
          { constructor: "x" }
        ]
        for (const input of hostile) {
          const { failed, outcome, output } = yield* call("order_status", input)
          assert.deepStrictEqual([failed, outcome], [true, "failed"])
          assert.include(JSON.stringify(output), "order")
        }
        const unknown = yield* call("order_status", { order: "none" })
        assert.deepStrictEqual([unknown.outcome, unknown.output], ["failed", { unknown: "none" }])
        const bug = yield* call("order_status", { order: "bug" })
        assert.strictEqual(bug.outcome, "failed")
        assert.notInclude(JSON.stringify(bug.output), "secret-text")
        for (const name of ["none_such", "constructor", "__proto__", "toString"]) {
          assert.strictEqual((yield* call(name, {})).outcome, "failed")
        }
        const long = yield* call("book", { order: "x" })
        assert.include(JSON.stringify(long.output), "too long (200007 of 100000 characters)")
      })
    )
  )

  it.effect("whatever a tool answers or does becomes an outcome", () => {
    const cyclic: Record<string, unknown> = {}
    cyclic["self"] = cyclic
    let deep: unknown = null
    for (let n = 0; n < 20_000; n++) deep = [deep]
    const throwing = {
      get text(): string {
        throw new Error("a getter")
      }
    }
    const odd: Readonly<Record<string, unknown>> = {
      cyclic,
      deep,
      throwing,
      number: Number.NaN,
      bigint: 1n,
      function: () => 1,
      symbol: Symbol("s"),
      map: new Map([[1, 2]]),
      date: new Date(0),
      nested: { a: [undefined, 1n] }
    }
    const kit = Toolkit.make(
      Tool.make("odd", { parameters: order, success: Schema.Unknown }),
      Tool.make("stop", { success: Schema.String }),
      Tool.make("thrown", { success: Schema.String })
    )
    const live = layer(kit).pipe(
      Layer.provide(
        kit.toLayer({
          odd: ({ order }) => Effect.sync(() => odd[order]),
          stop: () => Effect.interrupt,
          thrown: () => {
            throw new Error("a throw")
          }
        })
      )
    )
    return Effect.gen(function* () {
      for (const name of Object.keys(odd)) {
        const exit = yield* Effect.exit(call("odd", { order: name }))
        assert.strictEqual(exit._tag, "Success", name)
        if (exit._tag === "Success") JSON.stringify(exit.value)
      }
      for (const name of ["stop", "thrown"]) {
        const exit = yield* Effect.exit(call(name, {}))
        assert.strictEqual(exit._tag, "Success", name)
        if (exit._tag === "Success") assert.strictEqual(exit.value.outcome, "failed", name)
      }
    }).pipe(Effect.provide(live), Effect.provide([TenantResolver.layerTrusted, Logger.layer([])]))
  })

  it.effect("a tool that gives no answer in time is timed out, and says what that may mean", () =>
    run(
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(call("hang", {}))
        yield* TestClock.adjust(1000)
        const { outcome, output } = yield* Fiber.join(fiber)
        assert.strictEqual(outcome, "timed-out")
        assert.include(JSON.stringify(output), "may have taken effect")
      })
    )
  )

  it.effect("[067] a name that is taken, or that no model could call, is refused", () =>
    Effect.gen(function* () {
      const other = Toolkit.make(Tool.make("refund", { success: Schema.String }))
      const twice = layer(other).pipe(
        Layer.provide(other.toLayer({ refund: () => Effect.succeed("") })),
        Layer.provideMerge(registered)
      )
      const conflict = yield* Effect.flip(Layer.build(twice))
      assert.strictEqual(conflict.reason._tag, "Conflict")
      assert.include(conflict.message, '"refund"')
      for (const name of ["with space", "", "x".repeat(65), "ä"]) {
        const odd = Toolkit.make(Tool.make(name, { success: Schema.String }))
        const refused = yield* Effect.flip(
          Layer.build(
            layer(odd).pipe(Layer.provide(odd.toLayer({ [name]: () => Effect.succeed("") })))
          )
        )
        assert.strictEqual(refused.reason._tag, "Rejected")
      }
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )

  it.effect("toolkits add up, and a template may name what is registered only", () =>
    Effect.gen(function* () {
      const other = Toolkit.make(Tool.make("weather", { success: Schema.String }))
      const both = layer(other).pipe(
        Layer.provide(other.toLayer({ weather: () => Effect.succeed("sunny") })),
        Layer.provide(registered)
      )
      yield* Effect.gen(function* () {
        const { list } = yield* Tools
        assert.deepStrictEqual(
          list.map(({ name }) => name),
          ["order_status", "refund", "book", "hang", "ask", "weather"]
        )
        assert.strictEqual((yield* call("weather", {})).output, "sunny")
        assert.strictEqual((yield* call("book", { order: "7" })).output, "7north")
      }).pipe(Effect.provide([both, TenantResolver.layerTrusted]))
      const { helper } = agents
      assert.isDefined(helper)
      if (helper === undefined) return
      const misspelt = { ...helper, template: { ...helper.template, tools: ["wether"] } }
      const refused = yield* Effect.flip(
        Layer.build(
          Definitions.layer({ agents: { helper: misspelt }, plans: {} }).pipe(
            Layer.provide([both, backend])
          )
        )
      )
      assert.include(refused.message, '"wether", which is not registered')
      const spelt = { ...helper, template: { ...helper.template, tools: ["weather"] } }
      const unsupported = yield* Effect.flip(
        Layer.build(
          Definitions.layer({ agents: { helper: spelt }, plans: {} }).pipe(
            Layer.provide([both, backend])
          )
        )
      )
      assert.deepStrictEqual(unsupported.reason, { _tag: "Unsupported", capability: "tools" })
      assert.include(unsupported.message, '"weather", and the backend "test" calls no tools')
    }).pipe(Effect.scoped, Effect.provide([Storage.layerMemory, Logger.layer([])]))
  )

  it.effect("neither the input nor the output of a call is written on a span", () => {
    const attributes: Array<string> = []
    const native = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        const { attribute } = span
        span.attribute = (key, value) => {
          attributes.push(`${key}=${JSON.stringify(value)}`)
          attribute.call(span, key, value)
        }
        return span
      }
    })
    return run(
      Effect.gen(function* () {
        yield* call("book", { order: "secret-text" }).pipe(Effect.withSpan("outer"))
        assert.include(attributes.join("\n"), "execute_tool")
        assert.notInclude(attributes.join("\n"), "secret-text")
      }).pipe(Effect.provideService(Tracer.Tracer, native))
    )
  })

  it.live("a tool that cannot be interrupted is timed out all the same", () => {
    const kit = Toolkit.make(Tool.make("stuck", { success: Schema.String }).annotate(TimeoutMs, 20))
    const live = layer(kit).pipe(
      Layer.provide(kit.toLayer({ stuck: () => Effect.uninterruptible(Effect.never) }))
    )
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkDetach(call("stuck", {}))
      yield* Effect.sleep(1500)
      const exit = fiber.pollUnsafe()
      assert.strictEqual(exit?._tag, "Success")
      if (exit?._tag === "Success") assert.strictEqual(exit.value.outcome, "timed-out")
    }).pipe(Effect.provide(live), Effect.provide([TenantResolver.layerTrusted, Logger.layer([])]))
  })
})
