/** An answer as the parts of a response, whole or word by word, with a usage that is estimated. */
import type * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as Option from "effect/Option"
import { type Answer, answerTo } from "./answer.ts"
import { type Reading, textOf } from "./reading.ts"

/** A token is taken for four UTF-16 units, as English prose has it. */
const tokens = (units: number): number => Math.ceil(units / 4)

const json = Option.liftThrowable((value: unknown) => JSON.stringify(value) ?? "")

const sizeOf = (value: unknown): number => Option.getOrElse(json(value), () => "").length

const promptSize = ({ content }: Prompt.Prompt): number => {
  let size = 0
  for (const message of content) {
    size += 16 + textOf(message).length
    if (typeof message.content === "string") continue
    for (const part of message.content) {
      if (part.type === "tool-call") size += sizeOf(part.params)
      if (part.type === "tool-result") size += sizeOf(part.result)
    }
  }
  return size
}

interface Answered {
  readonly answer: Answer
  readonly calls: ReadonlyArray<Response.ToolCallPartEncoded>
  readonly begin: Response.ResponseMetadataPartEncoded
  readonly end: Response.FinishPartEncoded
}

const answered = (reading: Reading, prompt: Prompt.Prompt, modelId: string): Answered => {
  const answer = answerTo(reading)
  const calls: ReadonlyArray<Response.ToolCallPartEncoded> =
    answer._tag === "Reply"
      ? []
      : answer.calls.map(({ name, params }, at) => ({
          type: "tool-call",
          id: `${reading.idPrefix}${at}`,
          name,
          params
        }))
  const input = tokens(promptSize(prompt) + sizeOf(reading.tools))
  const output = tokens(answer._tag === "Reply" ? answer.text.length : sizeOf(answer.calls))
  return {
    answer,
    calls,
    begin: { type: "response-metadata", id: `${reading.idPrefix}answer`, modelId },
    end: {
      type: "finish",
      reason: calls.length > 0 ? "tool-calls" : "stop",
      usage: {
        inputTokens: { total: input, uncached: input, cacheRead: 0 },
        outputTokens: { total: output, text: output, reasoning: 0 }
      }
    }
  }
}

export const wholeParts = (
  reading: Reading,
  prompt: Prompt.Prompt,
  modelId: string
): Array<Response.PartEncoded> => {
  const { answer, begin, calls, end } = answered(reading, prompt, modelId)
  return [
    begin,
    ...(answer._tag === "Reply" ? [{ type: "text" as const, text: answer.text }] : calls),
    end
  ]
}

/** The same, with a text in words; each word carries the space after it. */
export const streamedParts = (
  reading: Reading,
  prompt: Prompt.Prompt,
  modelId: string
): Array<Response.StreamPartEncoded> => {
  const { answer, begin, calls, end } = answered(reading, prompt, modelId)
  if (answer._tag === "Calls") return [begin, ...calls, end]
  const words = answer.text.match(/\S+\s*/g) ?? []
  return [
    begin,
    { type: "text-start", id: "0" },
    ...words.map((delta) => ({ type: "text-delta" as const, id: "0", delta })),
    { type: "text-end", id: "0" },
    end
  ]
}
