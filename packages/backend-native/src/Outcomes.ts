/** How a call of a tool ends, where the loop itself decides it. */
import type { ToolCalled, ToolOutcome } from "@atrium/core/tools/ToolSpec"
import type * as Schema from "effect/Schema"

export const done = ({ callId }: ToolCalled, output: Schema.Json): ToolOutcome => ({
  callId,
  output,
  failed: false,
  outcome: "done"
})

/** `error`: told to the model, which may do better next time. */
export const failed = (
  { callId }: ToolCalled,
  error: string,
  more: Schema.JsonObject = {}
): ToolOutcome => ({ callId, output: { error, ...more }, failed: true, outcome: "failed" })

/** A call whose input is not what its tool takes. */
export const malformed = (call: ToolCalled): ToolOutcome =>
  failed(call, `The input of ${call.name} has another form.`)
