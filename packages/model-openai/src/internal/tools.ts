import type * as LanguageModel from "effect/ai/LanguageModel"
import { toCodecOpenAI } from "effect/ai/OpenAiStructuredOutput"
import * as Tool from "effect/ai/Tool"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { ChatCompletionFunctionTool, ChatCompletionToolChoiceOption } from "openai/resources"

type Codec = Schema.ConstraintCodec<unknown, unknown, unknown, unknown>

/** A tool as the server is told of it, and how what the model sends becomes the tool's parameters. */
interface Told {
  readonly definition: ChatCompletionFunctionTool
  readonly read: (sent: unknown) => Option.Option<unknown>
}

/**
 * The server's strict mode knows no optional properties, records or tuples: they are sent in another
 * shape, and what comes back is put into the tool's own.
 */
const strictly = (tool: Tool.Any, schema: Codec): Told => {
  const { codec, jsonSchema } = toCodecOpenAI(schema)
  // Effect's providers give no services to these either: a tool's parameters are plain data.
  const read = Schema.decodeUnknownOption(codec as Schema.Codec<unknown, unknown>)
  const write = Schema.encodeUnknownOption(schema as Schema.Codec<unknown, unknown>)
  return {
    definition: define(tool, jsonSchema, true),
    read: (sent) => Option.flatMap(read(sent), write)
  }
}

const define = (
  tool: Tool.Any,
  parameters: Record<string, unknown>,
  strict: boolean
): ChatCompletionFunctionTool => {
  const description = Tool.getDescription(tool)
  return {
    type: "function",
    function: {
      name: tool.name,
      parameters,
      strict,
      ...(description === undefined ? {} : { description })
    }
  }
}

/** Made once a tool: what a schema says does not change. */
const known = new WeakMap<Tool.Any, Told>()

const make = (tool: Tool.Any): Told => {
  const strict = Tool.getStrictMode(tool)
  const plain = Tool.isDynamic(tool) && Predicate.isNotUndefined(tool.jsonSchema)
  if (!plain && strict !== false) {
    const told = Result.try(() => strictly(tool, tool.parametersSchema))
    if (Result.isSuccess(told)) return told.success
    if (strict === true) throw told.failure
  }
  return {
    definition: define(tool, Tool.getJsonSchema(tool), strict === true),
    read: Option.some
  }
}

const toldOf = (tool: Tool.Any): Told => {
  const before = known.get(tool)
  if (before !== undefined) return before
  const told = make(tool)
  known.set(tool, told)
  return told
}

/** The tools of a request. Throws where a tool insists on strict mode and its schema does not fit it. */
export const toolsOf = (tools: ReadonlyArray<Tool.Any>): Array<ChatCompletionFunctionTool> =>
  tools.map((tool) => toldOf(tool).definition)

/**
 * The parameters that the model sent, as the tool's schema has them; `none` where they do not fit.
 * Those for a tool that was not offered stay as they are.
 */
export const readParams = (
  tools: ReadonlyArray<Tool.Any>,
  name: string,
  sent: unknown
): Option.Option<unknown> => {
  const tool = tools.find((one) => one.name === name)
  return tool === undefined ? Option.some(sent) : toldOf(tool).read(sent)
}

/** The choice of tools, as the server is told of it. Tools beyond `oneOf` are not offered at all. */
export const choiceOf = (
  choice: LanguageModel.ProviderOptions["toolChoice"]
): ChatCompletionToolChoiceOption => {
  if (typeof choice === "string") return choice
  if ("tool" in choice) return { type: "function", function: { name: choice.tool } }
  return choice.mode ?? "auto"
}
