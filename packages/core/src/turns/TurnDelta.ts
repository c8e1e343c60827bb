/**
 * What is being written, as it comes: deltas are streamed and never stored. Those of a message,
 * joined, equal the stored message [TRN-2].
 */
import * as Schema from "effect/Schema"

const S = Schema.String
const N = Schema.Int

/**
 * `sequence`: that of the next fact to come; `attempt`: from 0, one more each time the text was
 * begun anew; `part`: index in the message's parts; `offset`: where `text` begins in that part, in
 * UTF-16 units.
 */
const written = { sequence: N, attempt: N, messageId: S, part: N, offset: N, text: S }

export const TextDelta = Schema.TaggedStruct("TextDelta", written)
export const ReasoningDelta = Schema.TaggedStruct("ReasoningDelta", written)
/** The input of a tool call as it comes: pieces of its JSON. */
export const ToolInputDelta = Schema.TaggedStruct("ToolInputDelta", {
  ...written,
  callId: S,
  name: S
})
/** The text of this message so far was lost by a crash or a retry: forget it. */
export const Retracted = Schema.TaggedStruct("Retracted", {
  sequence: N,
  attempt: N,
  messageId: S
})

export const TurnDelta = Schema.Union([TextDelta, ReasoningDelta, ToolInputDelta, Retracted])
export type TurnDelta = typeof TurnDelta.Type
/** A delta that carries text. */
export type Written = Exclude<TurnDelta, { readonly _tag: "Retracted" }>

type Without<D> = D extends TurnDelta ? Omit<D, "sequence" | "attempt"> : never

/** A delta before core has said which fact and attempt it belongs to. */
export type NewDelta = Without<TurnDelta>
