/** Stored messages as a language model reads them. */
import { type Message, type Part, textOf } from "@atrium/core/conversations/Message"
import * as Prompt from "effect/ai/Prompt"
import { piece } from "./Delimited.ts"

const said = (part: Part): ReadonlyArray<Prompt.AssistantMessagePart> => {
  if (part._tag === "Text" && part.text !== "") return [Prompt.textPart({ text: part.text })]
  if (part._tag !== "ToolCall") return []
  const { callId, input, name } = part
  return [Prompt.toolCallPart({ id: callId, name, params: input, providerExecuted: false })]
}

const resultOf = (
  part: Part,
  names: ReadonlyMap<string, string>
): ReadonlyArray<Prompt.ToolResultPart> => {
  if (part._tag !== "ToolResult") return []
  const { callId, failed, output } = part
  const name = names.get(callId) ?? "unknown"
  return [
    Prompt.toolResultPart({
      id: callId,
      name,
      isFailure: failed,
      result: output,
      providerExecuted: false
    })
  ]
}

/** A message in the user's role. */
export const userText = (text: string): Prompt.Message =>
  Prompt.userMessage({ content: [Prompt.textPart({ text })] })

/** One message; `names`: of the tools, by call ids, as far as calls were seen before it. */
const messagesOf = (
  message: Message,
  names: Map<string, string>
): ReadonlyArray<Prompt.Message> => {
  switch (message.role) {
    case "user":
      return [userText(textOf(message))]
    case "summary":
      return [userText(piece("summary", {}, textOf(message)))]
    case "assistant": {
      for (const part of message.parts) {
        if (part._tag === "ToolCall") names.set(part.callId, part.name)
      }
      const content = message.parts.flatMap(said)
      return content.length === 0 ? [] : [Prompt.assistantMessage({ content })]
    }
    case "tool":
      return [
        Prompt.toolMessage({ content: message.parts.flatMap((part) => resultOf(part, names)) })
      ]
  }
}

/**
 * Reasoning and citations are left out: they are for people, and providers want none back. A message
 * of which nothing is left is left out whole.
 */
export const promptOf = (messages: ReadonlyArray<Message>): ReadonlyArray<Prompt.Message> => {
  const names = new Map<string, string>()
  return messages.flatMap((message) => messagesOf(message, names))
}
