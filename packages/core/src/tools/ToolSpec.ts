/** What a backend tells its model about a tool, and what core decides on when it is called. */
import type * as Schema from "effect/Schema"

/**
 * A tool.
 * - `input`: JSON schema of its input.
 * - `retry`: after a crash that may have run it: `safe` runs again, because it only reads; `same-id`
 *   runs again with the same call id as its key; `never` is reported as unknown [TRN-7].
 * - `approval`: `always` asks a person before every call; `after-foreign` asks once the turn has read
 *   a document or a tool's result, because the tool may destroy something; `never` does not ask.
 * - `timeoutMs`: longest time of one call, in milliseconds.
 */
export interface ToolSpec {
  readonly name: string
  readonly description: string
  readonly input: Schema.JsonObject
  readonly retry: "safe" | "same-id" | "never"
  readonly approval: "always" | "after-foreign" | "never"
  readonly timeoutMs: number
}

/** A call that a model asks for. `callId` is unique in its turn. */
export interface ToolCalled {
  readonly callId: string
  readonly name: string
  readonly input: Schema.Json
}

/** How a call ended. `output`: what the model is told; `failed`: whether that is a failure. */
export interface ToolOutcome {
  readonly callId: string
  readonly output: Schema.Json
  readonly failed: boolean
  readonly outcome: "done" | "failed" | "timed-out" | "denied" | "unknown"
}
