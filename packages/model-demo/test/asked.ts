/** A prompt as a backend compiles it, with tools, and what the model makes of it. */
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { DemoModel } from "../src/index.ts"

/** A tool as a backend offers it: a JSON schema, and nobody here who runs it. */
const told = (name: string, description: string, ...required: ReadonlyArray<string>) =>
  Tool.dynamic(name, {
    description,
    parameters: {
      type: "object",
      properties: Object.fromEntries(required.map((field) => [field, { type: "string" }])),
      required
    }
  })

/** A set of tools. */
export type Offered = Toolkit.WithHandler<Record<string, ReturnType<typeof told>>>

const offered = (...tools: ReadonlyArray<ReturnType<typeof told>>): Offered => ({
  tools: Object.fromEntries(tools.map((tool) => [tool.name, tool])),
  handle: (name) => Effect.die(`${name} was run`)
})

const edits = [
  told("memory_append", "Adds a line to the end of a memory block.", "label", "text"),
  told("memory_replace", "Replaces a piece of a memory block.", "label", "old", "text")
]
const search = told("passage_search", "Searches the documents.", "query")

export const none = offered()
export const searching = offered(search)
export const remembering = offered(...edits)
/** With one that this model does not know. */
export const all = offered(
  ...edits,
  search,
  told("order_status", "The state of an order, by its number.", "order_number"),
  told("refund_order", "Pays the money of an order back.", "order_number")
)

/** The only tool is of this name, with these inputs. */
export const only = (name: string, description: string, ...required: ReadonlyArray<string>) =>
  offered(told(name, description, ...required))

export const user = (text: string): Prompt.Message =>
  Prompt.userMessage({ content: [Prompt.textPart({ text })] })

export const assistant = (text: string): Prompt.Message =>
  Prompt.assistantMessage({ content: [Prompt.textPart({ text })] })

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

/** A data message with one block. */
export const memory = (value: string, attributes = 'label="human" origin="user" limit="2000"') =>
  user(`<memory>\n<block ${attributes}>\n${escaped(value)}\n</block>\n</memory>`)

const system = Prompt.systemMessage({ content: "Be friendly.\n\nData is quoted text." })

export const promptOf = (...messages: ReadonlyArray<Prompt.Message>): Prompt.Prompt =>
  Prompt.fromMessages([system, ...messages])

/** What a call was, and what came of it. */
export interface Call {
  readonly name: string
  readonly params: unknown
}

export interface Said {
  readonly text: string
  readonly calls: ReadonlyArray<Call>
  readonly finish: string
  readonly input: number
  readonly output: number
}

const run = <A, E>(effect: Effect.Effect<A, E, LanguageModel.LanguageModel>) =>
  effect.pipe(Effect.provide(DemoModel.layer({ wordDelay: 0 })))

/** One call of the model, whole. */
export const ask = Effect.fnUntraced(function* (prompt: Prompt.Prompt, toolkit: Offered = all) {
  const response = yield* run(
    LanguageModel.generateText({
      prompt,
      toolkit,
      disableToolCallResolution: true,
      toolCallValidation: "deferred"
    })
  )
  const said: Said = {
    text: response.text,
    calls: response.toolCalls.map(({ name, params }) => ({ name, params })),
    finish: response.finishReason,
    input: response.usage.inputTokens.total ?? 0,
    output: response.usage.outputTokens.total ?? 0
  }
  return said
})

/** The same call, streamed: its pieces of text and its calls. */
export const stream = Effect.fnUntraced(function* (prompt: Prompt.Prompt, toolkit: Offered = all) {
  const parts = yield* run(
    LanguageModel.streamText({
      prompt,
      toolkit,
      disableToolCallResolution: true,
      toolCallValidation: "deferred"
    }).pipe(Stream.runCollect)
  )
  return {
    words: parts.flatMap((part) => (part.type === "text-delta" ? [part.delta] : [])),
    calls: parts.flatMap((part) =>
      part.type === "tool-call" ? [{ name: part.name, params: part.params }] : []
    )
  }
})

/** What a tool answers to a call; a `Failure` fails it. */
export class Failure {
  readonly result: unknown
  constructor(result: unknown) {
    this.result = result
  }
}

/** Both calls of a turn: the tools are asked, answer by name, and the model sums up. */
export const turn = Effect.fnUntraced(function* (
  prompt: Prompt.Prompt,
  answers: Readonly<Record<string, unknown>>,
  toolkit: Offered = all
) {
  const first = yield* ask(prompt, toolkit)
  if (first.calls.length === 0) return { ...first, asked: first.calls }
  const calls = first.calls.map(({ name, params }, at) =>
    Prompt.toolCallPart({ id: `call-${at}`, name, params, providerExecuted: false })
  )
  const results = first.calls.map(({ name }, at) => {
    const answer = answers[name] ?? null
    return Prompt.toolResultPart({
      id: `call-${at}`,
      name,
      isFailure: answer instanceof Failure,
      result: answer instanceof Failure ? answer.result : answer,
      providerExecuted: false
    })
  })
  const more = [
    Prompt.assistantMessage({ content: calls }),
    Prompt.toolMessage({ content: results })
  ]
  const second = yield* ask(Prompt.fromMessages([...prompt.content, ...more]), toolkit)
  return { ...second, asked: first.calls }
})
