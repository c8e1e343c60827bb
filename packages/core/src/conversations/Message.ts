/** A stored item of a conversation. */
import * as Schema from "effect/Schema"
import type { ToolOutcome } from "../tools/ToolSpec.ts"

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

/** A message as a driver stores it: core says of which turn it is and when it was stored. */
const unplaced = (id: string, role: Message["role"], parts: Message["parts"]): Message => ({
  id,
  role,
  parts,
  turnId: "",
  at: 0,
  partial: false
})

/** A message of the agent. */
export const assistantMessage = (id: string, parts: Message["parts"]): Message =>
  unplaced(id, "assistant", parts)

/** A message of the agent that is one text: what most drivers store. */
export const answer = (id: string, text: string): Message =>
  assistantMessage(id, [{ _tag: "Text", text }])

/** The message that tells the results of tools, in their order. */
export const toolMessage = (id: string, outcomes: ReadonlyArray<ToolOutcome>): Message =>
  unplaced(
    id,
    "tool",
    outcomes.map(({ callId, failed, output }) => ({ _tag: "ToolResult", callId, output, failed }))
  )
