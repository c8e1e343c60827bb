/** What model calls used, as five columns of a row. */
import type { Usage } from "@atrium/core/turns/Usage"
import type { Reader } from "./Reader.ts"
import type { Value } from "./Statement.ts"

/** The columns, in the order in which they are read and given. */
export const USAGE = "input, cached, output, reasoning, micro_usd"

export const readUsage = (row: Reader): Usage => ({
  input: row.int(),
  cached: row.int(),
  output: row.int(),
  reasoning: row.int(),
  microUsd: row.intOrNull()
})

export const usageValues = (usage: Usage): ReadonlyArray<Value> => [
  usage.input,
  usage.cached,
  usage.output,
  usage.reasoning,
  usage.microUsd
]
