/** A stored item of a conversation. */
import * as Schema from "effect/Schema"

const S = Schema.String

export const Text = Schema.TaggedStruct("Text", { text: S })
export const Reasoning = Schema.TaggedStruct("Reasoning", { text: S })
export const ToolCall = Schema.TaggedStruct("ToolCall", {
  callId: S,
  name: S,
  input: Schema.Json
})
export const ToolResult = Schema.TaggedStruct("ToolResult", {
  callId: S,
  output: Schema.Json,
  failed: Schema.Boolean
})
/**
 * What the answer rests on. `number`: as the text says it, `[1]`; `title`: of the document, or "";
 * `quote`: words of the passage.
 */
export const Citation = Schema.TaggedStruct("Citation", {
  number: Schema.Int,
  passageId: S,
  title: S,
  quote: S
})

export const Part = Schema.Union([Text, Reasoning, ToolCall, ToolResult, Citation])
export type Part = typeof Part.Type

/**
 * A message. `at`: milliseconds since 1970; `partial`: the turn was cut while it was written.
 * Operator text is compiled into prompts and never stored as a message.
 */
export const Message = Schema.Struct({
  id: S,
  role: Schema.Literals(["user", "assistant", "tool", "summary"]),
  parts: Schema.Array(Part),
  turnId: S,
  at: Schema.Int,
  partial: Schema.Boolean
})
export type Message = typeof Message.Type

/** The text parts of a message, joined. */
export const textOf = (message: Message): string =>
  message.parts.reduce((text, part) => (part._tag === "Text" ? text + part.text : text), "")

/**
 * A message of the agent that is one text: what most drivers store. Core says of which turn it is
 * and when it was stored.
 */
export const answer = (id: string, text: string): Message => ({
  id,
  role: "assistant",
  parts: [{ _tag: "Text", text }],
  turnId: "",
  at: 0,
  partial: false
})
