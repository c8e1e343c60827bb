/** A request as this model reads it: the question, what is known, and what tools said in this turn. */
import type { ProviderOptions } from "effect/ai/LanguageModel"
import type * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { type Known, nothing, readDataMessage } from "./dataMessage.ts"

/** A tool that may be called. */
export interface Offered {
  readonly name: string
  readonly description: string
  readonly input: {
    readonly properties: Readonly<Record<string, unknown>>
    readonly required: ReadonlyArray<string>
  }
}

/** A call that was made in this turn. `answer`: `undefined` where none came. */
export interface Called {
  readonly name: string
  readonly params: unknown
  readonly answer: { readonly failed: boolean; readonly result: unknown } | undefined
}

export interface Reading {
  readonly question: string
  /** What the user wrote before, latest first, as far as the prompt shows it. */
  readonly before: ReadonlyArray<string>
  readonly known: Known
  readonly tools: ReadonlyArray<Offered>
  readonly calls: ReadonlyArray<Called>
  /** A tool has to be called. */
  readonly required: boolean
  /** Begins the ids of this answer's calls; the same prompt gives the same. */
  readonly idPrefix: string
}

/** Messages of the user that are looked through for a name. */
const mostBefore = 50

export const textOf = (message: Prompt.Message | undefined): string => {
  if (message === undefined) return ""
  if (typeof message.content === "string") return message.content
  let text = ""
  for (const part of message.content) if (part.type === "text") text += part.text
  return text
}

const schemaOf = Option.liftThrowable((tool: Tool.Any) => Tool.getJsonSchema(tool))

const offered = (tool: Tool.Any): Offered => {
  const schema: Readonly<Record<string, unknown>> = Option.getOrElse(schemaOf(tool), () => ({}))
  const { properties, required } = schema
  return {
    name: tool.name,
    description: Tool.getDescription(tool) ?? "",
    input: {
      properties: Predicate.isObject(properties) ? { ...properties } : {},
      required: Array.isArray(required) ? required.filter(Predicate.isString) : []
    }
  }
}

const allowed = ({ toolChoice, tools }: ProviderOptions): ReadonlyArray<Tool.Any> => {
  if (toolChoice === "none") return []
  if (typeof toolChoice === "string") return tools
  if ("tool" in toolChoice) return tools.filter(({ name }) => name === toolChoice.tool)
  return tools.filter(({ name }) => toolChoice.oneOf.includes(name))
}

const isRequired = ({ toolChoice }: ProviderOptions): boolean =>
  typeof toolChoice === "string"
    ? toolChoice === "required"
    : "tool" in toolChoice || toolChoice.mode === "required"

/** FNV-1a, 32 bits. */
const hash = (text: string): string => {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  }
  return (value >>> 0).toString(36)
}

const callsIn = (messages: ReadonlyArray<Prompt.Message>): ReadonlyArray<Called> => {
  const answers = new Map<string, Called["answer"]>()
  for (const message of messages) {
    if (message.role !== "tool") continue
    for (const part of message.content) {
      if (part.type !== "tool-result") continue
      answers.set(part.id, { failed: part.isFailure, result: part.result })
    }
  }
  return messages.flatMap((message) =>
    message.role !== "assistant"
      ? []
      : message.content.flatMap((part) =>
          part.type === "tool-call"
            ? [{ name: part.name, params: part.params, answer: answers.get(part.id) }]
            : []
        )
  )
}

/**
 * The application writes the data message, first of all and directly before another message of the
 * user. The same tags anywhere else are somebody's words.
 */
const dataIn = (messages: ReadonlyArray<Prompt.Message>): Known | undefined =>
  messages[0]?.role === "user" && messages[1]?.role === "user"
    ? readDataMessage(textOf(messages[0]))
    : undefined

export const read = (options: ProviderOptions): Reading => {
  const messages = options.prompt.content.filter(({ role }) => role !== "system")
  const known = dataIn(messages)
  const spoken = known === undefined ? messages : messages.slice(1)
  const at = spoken.findLastIndex(({ role }) => role === "user")
  const question = textOf(spoken[at])
  return {
    question,
    before: spoken
      .slice(0, Math.max(at, 0))
      .filter(({ role }) => role === "user")
      .slice(-mostBefore)
      .reverse()
      .map(textOf)
      // A summary speaks for several, so "my name is" in it may be anyone's.
      .filter((text) => !text.startsWith("<summary>")),
    known: known ?? nothing,
    tools: allowed(options).map(offered),
    calls: callsIn(spoken.slice(at + 1)),
    required: isRequired(options),
    idPrefix: `demo_${hash(`${messages.length}:${question}`)}_`
  }
}
