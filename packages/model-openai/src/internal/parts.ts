/** What both ways to ask, whole and streamed, make of an answer. */
import type * as AiError from "effect/ai/AiError"
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Tool from "effect/ai/Tool"
import * as Option from "effect/Option"
import { badArguments, type Call, malformed, refused } from "./failures.ts"
import type { Usage } from "./protocol.ts"
import { readParams } from "./tools.ts"

/** What is known while an answer is read. */
export interface Reading extends Call {
  readonly options: LanguageModel.ProviderOptions
  readonly model: string
  /** For calls that a server gave no id; not the same in any two answers. */
  readonly callPrefix: string
}

/** A call of a tool as it came: `sent` is the JSON text of its arguments. */
export interface SentCall {
  readonly id: string
  readonly name: string
  readonly sent: string
}

interface Head {
  readonly id?: string | null
  readonly model?: string | null
  readonly created?: number | null
}

export const metadataPart = (
  { model }: Reading,
  head: Head
): Response.ResponseMetadataPartEncoded => {
  const date = new Date((head.created ?? Number.NaN) * 1000)
  return {
    type: "response-metadata",
    modelId: head.model ?? model,
    ...(head.id == null ? {} : { id: head.id }),
    ...(Number.isNaN(date.getTime()) ? {} : { timestamp: date.toISOString() })
  }
}

const finishReason = (said: string, calls: boolean): Response.FinishReason => {
  switch (said) {
    case "stop":
      // Some servers say so although they call tools.
      return calls ? "tool-calls" : "stop"
    case "length":
      return "length"
    case "tool_calls":
    case "function_call":
      return "tool-calls"
    case "content_filter":
      return "content-filter"
    default:
      return "unknown"
  }
}

const count = (tokens: number | null | undefined): number | undefined =>
  typeof tokens === "number" && Number.isSafeInteger(tokens) && tokens >= 0 ? tokens : undefined

/** `undefined` for what the server did not say: unknown is not nothing. */
const usageOf = (usage: Usage | null | undefined): Response.FinishPartEncoded["usage"] => {
  const input = count(usage?.prompt_tokens)
  const output = count(usage?.completion_tokens)
  const cached = count(usage?.prompt_tokens_details?.cached_tokens)
  const reasoning = count(usage?.completion_tokens_details?.reasoning_tokens)
  const less = (total: number | undefined, part: number | undefined) =>
    total === undefined ? undefined : Math.max(0, total - (part ?? 0))
  return {
    inputTokens: { total: input, uncached: less(input, cached), cacheRead: cached },
    outputTokens: { total: output, text: less(output, reasoning), reasoning }
  }
}

export const finishPart = (
  { options }: Reading,
  end: {
    readonly head: Head
    readonly finish: string
    readonly calls: boolean
    readonly refused: boolean
    readonly usage: Usage | null | undefined
  }
): Response.FinishPartEncoded => {
  const usage = usageOf(end.usage)
  const reason = end.refused ? "content-filter" : finishReason(end.finish, end.calls)
  tell(options, {
    "gen_ai.response.id": end.head.id,
    "gen_ai.response.model": end.head.model,
    "gen_ai.response.finish_reasons": [reason],
    "gen_ai.usage.input_tokens": usage.inputTokens.total,
    "gen_ai.usage.output_tokens": usage.outputTokens.total
  })
  return { type: "finish", reason, usage }
}

/** Under the names as they are: making them of others, as effect/ai does, took longer than all else here. */
const tell = (
  { span }: Reading["options"],
  attributes: Readonly<Record<string, unknown>>
): void => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value != null) span.attribute(name, value)
  }
}

/** Says what is asked, before it is. */
export const annotate = ({ model, options }: Pick<Reading, "model" | "options">): void =>
  tell(options, {
    "gen_ai.provider.name": "openai",
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": model
  })

/**
 * A call with the parameters as its tool has them. Where they do not fit, the error is thrown; but a
 * caller that checks calls itself ("deferred") gets them as they came, to tell the model.
 */
export const toolCallPart = (
  reading: Reading,
  { id, name, sent }: SentCall
): Response.ToolCallPartEncoded => {
  if (name === "") throw malformed(reading, "called a tool without a name")
  const { toolCallValidation, tools } = reading.options
  const isDeferred = toolCallValidation === "deferred"
  const part = (params: unknown) => ({ type: "tool-call" as const, id, name, params })
  let json: unknown
  try {
    json = Tool.unsafeSecureJsonParse(sent.trim() === "" ? "{}" : sent)
  } catch {
    if (isDeferred) return part(sent)
    throw badArguments(reading, name, "The model sent arguments that are no JSON.")
  }
  const params = readParams(tools, name, json)
  if (Option.isSome(params)) return part(params.value)
  if (isDeferred) return part(json)
  throw badArguments(reading, name, "The model sent arguments that the tool does not take.")
}

/** A refusal is an answer, but never a structured one. */
export const refusal = (reading: Reading): AiError.AiError =>
  refused(reading, "The model refused to give a structured answer.")
