/** What model calls used. */
import * as Schema from "effect/Schema"

/** Tokens; `cached` is part of `input`, `reasoning` part of `output`. `microUsd`: null if unknown. */
export const Usage = Schema.Struct({
  input: Schema.Int,
  cached: Schema.Int,
  output: Schema.Int,
  reasoning: Schema.Int,
  microUsd: Schema.NullOr(Schema.Int)
})
export type Usage = typeof Usage.Type

/** Nothing was used. */
export const none: Usage = { input: 0, cached: 0, output: 0, reasoning: 0, microUsd: null }

/** Both together. A price is known only where one was, and unknown prices add nothing. */
export const add = (a: Usage, b: Usage): Usage => ({
  input: a.input + b.input,
  cached: a.cached + b.cached,
  output: a.output + b.output,
  reasoning: a.reasoning + b.reasoning,
  microUsd:
    a.microUsd === null ? b.microUsd : b.microUsd === null ? a.microUsd : a.microUsd + b.microUsd
})
