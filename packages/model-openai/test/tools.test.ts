import { reasonOf } from "@atrium/core/backend/ReasonOf"
import type * as FakeModel from "@atrium/testing/FakeModel"
import { assert, describe, it } from "@effect/vitest"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as Stream from "effect/Stream"
import { house } from "./house.ts"

const Find = Tool.make("find_order", {
  description: "Finds an order.",
  parameters: Schema.Struct({
    number: Schema.Int,
    note: Schema.optionalKey(Schema.String),
    tags: Schema.Record(Schema.String, Schema.String),
    at: Schema.optionalKey(Schema.DateTimeUtcFromString)
  }),
  success: Schema.String
})
const Now = Tool.make("now", { success: Schema.String })
const Loose = Tool.dynamic("loose", {
  parameters: { type: "object", properties: { any: {} } },
  success: Schema.String
})
const toolkit = Toolkit.make(Find, Now, Loose)
const handlers = toolkit.toLayer({
  find_order: ({ number }) => Effect.succeed(`order ${number}`),
  now: () => Effect.succeed("12:00"),
  loose: () => Effect.succeed("loose")
})

const Broken = Tool.make("broken", {
  parameters: Schema.Struct({
    at: Schema.String.pipe(
      Schema.decode({
        decode: SchemaGetter.transform((): string => {
          throw new Error("mine")
        }),
        encode: SchemaGetter.passthrough()
      })
    )
  }),
  success: Schema.String
})
const brokenToolkit = Toolkit.make(Broken)
const brokenHandlers = brokenToolkit.toLayer({ broken: () => Effect.succeed("") })

/** As a server in strict mode sends it: nothing is left out, records are pairs. */
const sent = JSON.stringify({
  number: 7,
  note: null,
  tags: [{ "0": "a", "1": "🙂" }],
  at: "2026-01-01T00:00:00.000Z"
})
/** As the tool's own schema has it. */
const meant = { number: 7, tags: { a: "🙂" }, at: "2026-01-01T00:00:00.000Z" }

type Call = NonNullable<Extract<FakeModel.Script, { _tag: "Says" }>["calls"]>[number]
const calls = (...of: ReadonlyArray<Call>): FakeModel.Script => ({ _tag: "Says", calls: of })

const ask = Effect.fnUntraced(function* (
  model: LanguageModel.LanguageModel,
  way: "whole" | "streamed",
  toolCallValidation: "strict" | "deferred" = "strict",
  toolChoice: "auto" | "required" | { readonly tool: "now" } = "auto"
) {
  const options = {
    prompt: "Where are my orders?",
    toolkit: yield* toolkit,
    toolChoice,
    disableToolCallResolution: true,
    toolCallValidation
  } as const
  const parts =
    way === "whole"
      ? (yield* model.generateText(options)).content
      : yield* Stream.runCollect(model.streamText(options))
  return {
    parts,
    calls: parts.flatMap((part) =>
      part.type === "tool-call" ? [{ id: part.id, name: part.name, params: part.params }] : []
    ),
    finish: parts.flatMap((part) => (part.type === "finish" ? [part.reason] : []))
  }
}, Effect.provide(handlers))

const Body = Schema.Struct({
  tool_choice: Schema.Unknown,
  tools: Schema.Array(
    Schema.Struct({
      function: Schema.Struct({
        name: Schema.String,
        strict: Schema.Boolean,
        parameters: Schema.Record(Schema.String, Schema.Unknown)
      })
    })
  )
})

describe("tools", () => {
  it.live("are told strictly where their schemas allow it", () =>
    Effect.gen(function* () {
      const { model, server } = yield* house()
      yield* ask(model, "whole")
      const body = yield* Schema.decodeUnknownEffect(Body)(server.requests()[0]?.body)
      const [find, now, loose] = body.tools.map((tool) => tool.function)
      assert.strictEqual(body.tool_choice, "auto")
      assert.strictEqual(find?.strict, true)
      assert.deepInclude(find?.parameters, {
        type: "object",
        required: ["number", "note", "tags", "at"],
        additionalProperties: false
      })
      assert.strictEqual(now?.strict, true)
      assert.strictEqual(loose?.strict, false)
      assert.deepStrictEqual(loose?.parameters, { type: "object", properties: { any: {} } })

      yield* ask(model, "whole", "strict", { tool: "now" })
      const second = yield* Schema.decodeUnknownEffect(Body)(server.requests()[1]?.body)
      assert.deepStrictEqual(second.tool_choice, { type: "function", function: { name: "now" } })
    })
  )

  for (const way of ["whole", "streamed"] as const) {
    it.live(`${way}: a call has the parameters of the tool's own schema`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house()
        server.plan(calls({ id: "call_a", name: "find_order", arguments: sent }))
        const answer = yield* ask(model, way)
        assert.deepStrictEqual(answer.calls, [{ id: "call_a", name: "find_order", params: meant }])
        assert.deepStrictEqual(answer.finish, ["tool-calls"])
      })
    )

    it.live(`${way}: calls beside each other, with text, in pieces that interleave`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house()
        server.plan({
          _tag: "Says",
          text: "I look.",
          pieces: 13,
          calls: [
            { id: "a", name: "find_order", arguments: sent },
            { id: "b", name: "now", arguments: "" },
            { id: "c", name: "loose", arguments: '{"any":[1,{"x":"}{"}]}' }
          ]
        })
        const answer = yield* ask(model, way)
        assert.deepStrictEqual(answer.calls, [
          { id: "a", name: "find_order", params: meant },
          { id: "b", name: "now", params: {} },
          { id: "c", name: "loose", params: { any: [1, { x: "}{" }] } }
        ])
        const text = answer.parts.flatMap((part) =>
          part.type === "text" ? part.text : part.type === "text-delta" ? part.delta : []
        )
        assert.strictEqual(text.join(""), "I look.")
      })
    )

    it.live(`${way}: a server that says "stop" has called all the same`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house()
        server.plan({
          _tag: "Says",
          finish: "stop",
          calls: [{ name: "now", arguments: "{}" }]
        })
        assert.deepStrictEqual((yield* ask(model, way)).finish, ["tool-calls"])
      })
    )

    const hostile: ReadonlyArray<readonly [what: string, sent: string, deferred: unknown]> = [
      ["no JSON", '{"number": 7', '{"number": 7'],
      ["of another shape", '{"number":"seven"}', { number: "seven" }],
      ["an array", "[1]", [1]],
      [
        "that reach for the prototype",
        '{"number":7,"__proto__":{"x":1}}',
        '{"number":7,"__proto__":{"x":1}}'
      ]
    ]
    for (const [what, text, deferred] of hostile) {
      it.live(`${way}: arguments ${what} fail, or are given as they came`, () =>
        Effect.gen(function* () {
          const { model, server } = yield* house()
          server.plan(calls({ id: "a", name: "find_order", arguments: text }), { times: 2 })
          assert.deepStrictEqual(reasonOf(yield* Effect.flip(ask(model, way))), {
            _tag: "Malformed",
            what: 'The model\'s call of the tool "find_order"'
          })
          const { calls: given } = yield* ask(model, way, "deferred")
          assert.deepStrictEqual(given, [{ id: "a", name: "find_order", params: deferred }])
        })
      )
    }

    it.live(`${way}: a tool that was not offered reaches a caller that checks calls itself`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house()
        server.plan(calls({ id: "a", name: "rm", arguments: '{"all":true}' }))
        const { calls: given } = yield* ask(model, way, "deferred")
        assert.deepStrictEqual(given, [{ id: "a", name: "rm", params: { all: true } }])
      })
    )

    it.live(`${way}: calls that got no id get one, not the same in any two answers`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house()
        server.plan(
          calls({ id: "", name: "now", arguments: "{}" }, { id: "", name: "now", arguments: "{}" }),
          { times: 2 }
        )
        const ids = [yield* ask(model, way), yield* ask(model, way)].flatMap((one) =>
          one.calls.map((call) => call.id)
        )
        assert.strictEqual(new Set(ids).size, 4)
        assert.notInclude(ids, "")
      })
    )
  }

  for (const way of ["whole", "streamed"] as const) {
    it.live(`${way}: a schema that throws is a defect, no answer of the server's`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house()
        server.plan(calls({ id: "a", name: "broken", arguments: '{"at":"x"}' }))
        const options = {
          prompt: "?",
          toolkit: yield* brokenToolkit,
          disableToolCallResolution: true
        } as const
        const exit = yield* Effect.exit(
          way === "whole"
            ? Effect.asVoid(model.generateText(options))
            : Stream.runDrain(model.streamText(options))
        )
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      }).pipe(Effect.provide(brokenHandlers))
    )
  }

  it.live("handlers run with what the schema decodes", () =>
    Effect.gen(function* () {
      const { model, server } = yield* house()
      server.plan(calls({ id: "a", name: "find_order", arguments: sent }))
      const { toolResults } = yield* model.generateText({ prompt: "?", toolkit: yield* toolkit })
      assert.deepStrictEqual(
        toolResults.map(({ result }) => result),
        ["order 7"]
      )
    }).pipe(Effect.provide(handlers))
  )
})

describe("structured answers", () => {
  const Order = Schema.Struct({
    number: Schema.Int,
    note: Schema.optionalKey(Schema.String),
    lines: Schema.Record(Schema.String, Schema.Int)
  })
  const order = JSON.stringify({ number: 7, note: null, lines: [{ "0": "socks", "1": 2 }] })
  const Format = Schema.Struct({
    response_format: Schema.Struct({
      type: Schema.Literal("json_schema"),
      json_schema: Schema.Struct({
        name: Schema.String,
        strict: Schema.Literal(true),
        schema: Schema.Struct({
          type: Schema.Literal("object"),
          required: Schema.Array(Schema.String),
          additionalProperties: Schema.Literal(false)
        })
      })
    })
  })

  it.live("are asked for by a strict schema, and read back", () =>
    Effect.gen(function* () {
      const { model, server } = yield* house()
      server.plan({ _tag: "Says", text: order })
      const { value } = yield* model.generateObject({
        prompt: "An order, please.",
        schema: Order,
        objectName: "an order!"
      })
      assert.deepStrictEqual(value, { number: 7, lines: { socks: 2 } })
      const body = yield* Schema.decodeUnknownEffect(Format)(server.requests()[0]?.body)
      assert.strictEqual(body.response_format.json_schema.name, "an_order_")
      assert.deepStrictEqual(body.response_format.json_schema.schema.required, [
        "number",
        "note",
        "lines"
      ])
    })
  )

  it.live("of another shape, refused or impossible, are errors of their kinds", () =>
    Effect.gen(function* () {
      const { model, server } = yield* house()
      const Either = Schema.Union([Order, Schema.Struct({ none: Schema.Boolean })])
      const kind = (schema: typeof Order | typeof Either) =>
        Effect.map(
          Effect.flip(model.generateObject({ prompt: "?", schema })),
          (error) => error.reason._tag
        )
      server.plan({ _tag: "Says", text: '{"number":"x"}' })
      assert.strictEqual(yield* kind(Order), "StructuredOutputError")
      server.plan({ _tag: "Says", refusal: "I cannot help with that." })
      assert.strictEqual(yield* kind(Order), "ContentPolicyError")
      assert.strictEqual(yield* kind(Either), "UnsupportedSchemaError")
      assert.strictEqual(server.count(), 2)
    })
  )

  it.live("but a refusal of plain text is what the model says", () =>
    Effect.gen(function* () {
      const { model, server } = yield* house()
      server.plan({ _tag: "Says", refusal: "I cannot help with that." }, { times: 2 })
      const { finishReason, text } = yield* model.generateText({ prompt: "?" })
      assert.deepStrictEqual([finishReason, text], ["content-filter", "I cannot help with that."])
      const parts = yield* Stream.runCollect(model.streamText({ prompt: "?" }))
      const said = parts.flatMap((part) => (part.type === "text-delta" ? part.delta : []))
      assert.strictEqual(said.join(""), text)
    })
  )
})
