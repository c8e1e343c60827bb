import type * as LanguageModel from "effect/ai/LanguageModel"
import { toCodecOpenAI } from "effect/ai/OpenAiStructuredOutput"
import * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Base64 from "effect/encoding/Base64"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type {
  ChatCompletionContentPart,
  ChatCompletionCreateParams,
  ChatCompletionMessageParam,
  ChatCompletionMessageToolCall
} from "openai/resources"
import { choiceOf, toolsOf } from "./tools.ts"

/** Why a request cannot be made: the part of it, and what to do. */
export interface Unsendable {
  readonly parameter: string
  readonly why: string
}

const imageUrl = (part: Prompt.FilePart): string => {
  if (part.data instanceof URL) return part.data.href
  if (typeof part.data !== "string") {
    return `data:${part.mediaType};base64,${Base64.encode(part.data)}`
  }
  return /^(?:https?|data):/.test(part.data)
    ? part.data
    : `data:${part.mediaType};base64,${part.data}`
}

/** What a user said: a string where it is text alone, which every server understands. */
const userContent = (
  content: Prompt.UserMessage["content"]
): string | Array<ChatCompletionContentPart> | Unsendable => {
  let text = ""
  for (const part of content) {
    if (part.type !== "text") return userParts(content)
    text += part.text
  }
  return text
}

const userParts = (
  content: Prompt.UserMessage["content"]
): Array<ChatCompletionContentPart> | Unsendable => {
  const parts: Array<ChatCompletionContentPart> = []
  for (const part of content) {
    if (part.type === "text") parts.push({ type: "text", text: part.text })
    else if (part.mediaType.startsWith("image/")) {
      parts.push({ type: "image_url", image_url: { url: imageUrl(part) } })
    } else {
      const why = `Of files only images can be sent, not ${JSON.stringify(part.mediaType)}.`
      return { parameter: "messages", why }
    }
  }
  return parts
}

/** Parameters that were no JSON object are told as one: servers that read them refuse anything else. */
const argumentsOf = (params: unknown): string =>
  JSON.stringify(Predicate.isObject(params) ? params : { unreadable: params })

const resultOf = (part: Prompt.ToolResultPart): string => {
  if (part.modelOutput !== undefined) return Prompt.toolModelOutputToText(part.modelOutput)
  return typeof part.result === "string" ? part.result : (JSON.stringify(part.result) ?? "null")
}

const isUnsendable = (value: object | string): value is Unsendable =>
  typeof value !== "string" && "parameter" in value

const assistantMessage = (
  content: Prompt.AssistantMessage["content"]
): ChatCompletionMessageParam | undefined => {
  let text = ""
  const calls: Array<ChatCompletionMessageToolCall> = []
  for (const part of content) {
    if (part.type === "text") text += part.text
    else if (part.type === "tool-call" && !part.providerExecuted) {
      const called = { name: part.name, arguments: argumentsOf(part.params) }
      calls.push({ type: "function", id: part.id, function: called })
    }
  }
  // A message that says nothing and calls nothing is refused by servers.
  if (text === "" && calls.length === 0) return undefined
  const said = { role: "assistant" as const, content: text === "" ? null : text }
  return calls.length === 0 ? said : { ...said, tool_calls: calls }
}

/** Adds what a message of the prompt is in the protocol; answers why it cannot be sent. */
const addMessage = (
  message: Prompt.Message,
  to: Array<ChatCompletionMessageParam>
): Unsendable | undefined => {
  switch (message.role) {
    case "system":
      to.push({ role: "system", content: message.content })
      return undefined
    case "user": {
      const content = userContent(message.content)
      if (isUnsendable(content)) return content
      to.push({ role: "user", content })
      return undefined
    }
    case "assistant": {
      const said = assistantMessage(message.content)
      if (said !== undefined) to.push(said)
      return undefined
    }
    case "tool":
      for (const part of message.content) {
        if (part.type !== "tool-result") continue
        to.push({ role: "tool", tool_call_id: part.id, content: resultOf(part) })
      }
      return undefined
  }
}

/** The JSON schema of a structured answer; made once a schema. */
const formats = new WeakMap<object, Record<string, unknown>>()

const formatOf = (
  format: LanguageModel.ProviderOptions["responseFormat"]
): Pick<ChatCompletionCreateParams, "response_format"> => {
  if (format.type === "text") return {}
  const schema =
    formats.get(format.schema) ??
    Tool.getJsonSchemaFromSchema(format.schema, { transformer: toCodecOpenAI })
  formats.set(format.schema, schema)
  // The protocol takes letters, digits, dashes and underscores, at most 64.
  const name = format.objectName.replace(/[^\w-]/g, "_").slice(0, 64)
  return { response_format: { type: "json_schema", json_schema: { name, schema, strict: true } } }
}

/** What a request says beside whether it is streamed. */
export type Body = Omit<ChatCompletionCreateParams, "stream" | "stream_options">

/** The body of a request. Nothing in `parameters` replaces what Atrium itself says. */
export const bodyOf = (
  model: string,
  parameters: Readonly<Record<string, unknown>>,
  { prompt, responseFormat, toolChoice, tools }: LanguageModel.ProviderOptions
): Result.Result<Body, Unsendable> => {
  const messages: Array<ChatCompletionMessageParam> = []
  for (const message of prompt.content) {
    const refused = addMessage(message, messages)
    if (refused !== undefined) return Result.fail(refused)
  }
  if (messages.length === 0) {
    return Result.fail({ parameter: "messages", why: "There is nothing to send." })
  }
  const unknown = tools.find(Tool.isProviderDefined)
  if (unknown !== undefined) {
    const why = `The tool "${unknown.name}" runs at a provider, which Chat Completions do not have.`
    return Result.fail({ parameter: "tools", why })
  }
  return Result.try({
    try: () => ({
      ...parameters,
      model,
      messages,
      ...formatOf(responseFormat),
      ...(tools.length === 0 ? {} : { tools: toolsOf(tools), tool_choice: choiceOf(toolChoice) })
    }),
    catch: (cause): Unsendable => ({
      parameter: "schema",
      why: cause instanceof Error ? cause.message : "A schema cannot be told to the server."
    })
  })
}
