/** What the loop may be told; everything has a default. */
import * as Duration from "effect/Duration"

export interface Options {
  /** Longest silence of a model, before its answer and within it. Default 120 s. */
  readonly silence?: Duration.Input
  /** Longest time of one model call, however much comes. Default 10 minutes. */
  readonly call?: Duration.Input
  /** Times a model is asked for one step before its turn fails, the first one included. Default 3. */
  readonly tries?: number
  /** Longest wait that a rate limit may ask for; a longer one fails the turn at once. Default 60 s. */
  readonly patience?: Duration.Input
}

/** The same in milliseconds. */
export interface Limits {
  readonly silenceMs: number
  readonly callMs: number
  readonly tries: number
  readonly patienceMs: number
}

export const limitsOf = ({
  call = "10 minutes",
  patience = "60 seconds",
  silence = "120 seconds",
  tries = 3
}: Options): Limits => ({
  silenceMs: Duration.toMillis(silence),
  callMs: Duration.toMillis(call),
  patienceMs: Duration.toMillis(patience),
  tries: Math.max(1, Math.trunc(tries))
})
