/**
 * What an app's monitoring counts of turns. Labels are the names that the app gave its agents and the
 * ways in which a turn ends, never ids: who used what is in the ledger, which knows users.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { joinKey } from "../ids.ts"
import type { TurnRecord } from "../storage/TurnStore.ts"

/** Upper bounds of the durations, in milliseconds: from a tenth of a second to half an hour. */
const boundaries = Metric.exponentialBoundaries({ start: 100, factor: 2, count: 15 })

const metricsOf = (agent: string, end: string) => {
  const attributes = { "gen_ai.agent.name": agent }
  return {
    turns: Metric.counter("atrium.turns", {
      description: "Turns that ended",
      attributes: { ...attributes, end },
      incremental: true
    }),
    messages: Metric.counter("atrium.messages", {
      description: "Messages of turns that ended",
      attributes,
      incremental: true
    }),
    input: Metric.counter("atrium.tokens.input", {
      description: "Tokens given to models",
      attributes,
      incremental: true
    }),
    output: Metric.counter("atrium.tokens.output", {
      description: "Tokens that models wrote",
      attributes,
      incremental: true
    }),
    duration: Metric.histogram("atrium.turn.duration", {
      description: "Milliseconds from the begin of a turn to its end, its wait included",
      attributes,
      boundaries
    })
  }
}

/** By agent and end; as many as an app has agents, times seven. */
const known = new Map<string, ReturnType<typeof metricsOf>>()

/** Counts a turn that has just ended, once: where its end was committed. */
export const countEnd = (
  agent: string,
  { createdAt, end, endedAt, stored, usage }: TurnRecord
): Effect.Effect<void> =>
  Effect.contextWith((context: Context.Context<never>) => {
    if (end === null || endedAt === null) return Effect.void
    const how = end._tag === "Finished" ? end.stop : "failed"
    const key = joinKey(agent, how)
    const metrics = known.get(key) ?? metricsOf(agent, how)
    known.set(key, metrics)
    metrics.turns.updateUnsafe(1, context)
    metrics.messages.updateUnsafe(stored, context)
    metrics.input.updateUnsafe(usage.input, context)
    metrics.output.updateUnsafe(usage.output, context)
    metrics.duration.updateUnsafe(Math.max(0, endedAt - createdAt), context)
    return Effect.void
  })
