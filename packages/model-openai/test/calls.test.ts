/** Pieces of tool calls, as servers of several makes send them. */

import { assert, describe, it } from "@effect/vitest"
import type { ProviderOptions } from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as Effect from "effect/Effect"
import { makeEndpoint } from "../src/internal/endpoint.ts"
import { assemble } from "../src/internal/streamed.ts"

interface Delta {
  readonly index?: number | null
  readonly id?: string | null
  readonly type?: string
  readonly function?: { readonly name?: string | null; readonly arguments?: string | null }
}

/** The calls that these pieces make. */
const callsOf = (...pieces: ReadonlyArray<Delta>) =>
  Effect.gen(function* () {
    const span = yield* Effect.makeSpan("test")
    const endpoint = yield* makeEndpoint({ baseUrl: "http://127.0.0.1:1/v1" })
    const prompt = Prompt.make("hi")
    const options: ProviderOptions = {
      prompt,
      tools: [],
      responseFormat: { type: "text" },
      toolChoice: "auto",
      span,
      previousResponseId: undefined,
      incrementalPrompt: undefined,
      toolCallValidation: "deferred"
    }
    const { add, end } = assemble({
      method: "streamText",
      endpoint,
      prompt,
      nowMs: () => 0,
      options,
      model: "m",
      callPrefix: "made"
    })
    const parts: Array<Response.StreamPartEncoded> = []
    for (const piece of pieces) {
      add({ choices: [{ delta: { tool_calls: [piece] }, finish_reason: null }] }, parts)
    }
    add({ choices: [{ delta: {}, finish_reason: "tool_calls" }] }, parts)
    end(parts)
    return parts.flatMap((part) =>
      part.type === "tool-call" ? [[part.id, part.name, part.params] as const] : []
    )
  })

const a = { name: "a", arguments: "" }
const b = { name: "b", arguments: "" }

describe("calls in pieces", () => {
  const makes: ReadonlyArray<readonly [what: string, ReadonlyArray<Delta>]> = [
    [
      "by index, as OpenAI sends them",
      [
        { index: 0, id: "1", type: "function", function: a },
        { index: 0, function: { arguments: '{"x"' } },
        { index: 1, id: "2", type: "function", function: b },
        { index: 1, function: { arguments: '{"y":2}' } },
        { index: 0, function: { arguments: ":1}" } }
      ]
    ],
    [
      "whole, without an index",
      [
        { id: "1", function: { name: "a", arguments: '{"x":1}' } },
        { id: "2", function: { name: "b", arguments: '{"y":2}' } }
      ]
    ],
    [
      "whole, all with the index 0",
      [
        { index: 0, id: "1", function: { name: "a", arguments: '{"x":1}' } },
        { index: 0, id: "2", function: { name: "b", arguments: '{"y":2}' } }
      ]
    ],
    [
      "with the id in every piece, and the name again",
      [
        { index: 0, id: "1", function: { name: "a", arguments: '{"x"' } },
        { index: 0, id: "1", function: { name: "a", arguments: ":1}" } },
        { index: 1, id: "2", function: { name: "b", arguments: '{"y":2}' } }
      ]
    ],
    [
      "without an index, by id",
      [
        { id: "1", function: a },
        { id: "1", function: { arguments: '{"x":1}' } },
        { index: null, id: "2", function: b },
        { id: "2", function: { name: null, arguments: '{"y":2}' } }
      ]
    ],
    [
      "without an index and an id after the first piece",
      [
        { id: "1", function: a },
        { function: { arguments: '{"x"' } },
        { id: "", function: { arguments: ":1}" } },
        { id: "2", function: { name: "b", arguments: '{"y":2}' } }
      ]
    ]
  ]
  for (const [what, pieces] of makes) {
    it.effect(what, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* callsOf(...pieces), [
          ["1", "a", { x: 1 }],
          ["2", "b", { y: 2 }]
        ])
      })
    )
  }

  it.effect("without an id, get one", () =>
    Effect.gen(function* () {
      const calls = yield* callsOf(
        { index: 0, function: { name: "a", arguments: "{}" } },
        { index: 1, id: null, function: { name: "b", arguments: "{}" } }
      )
      assert.deepStrictEqual(calls, [
        ["made_0", "a", {}],
        ["made_1", "b", {}]
      ])
    })
  )
})
