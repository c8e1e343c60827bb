/** How often and when a failed model call is made again. */
import type { BackendError, Reason } from "@atrium/core/errors"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** Failures that the same call would meet again. */
const lasting: ReadonlySet<Reason["_tag"]> = new Set([
  "Unauthenticated",
  "NotFound",
  "Rejected",
  "ContextTooLong",
  "QuotaExceeded",
  "Unsupported"
])

/**
 * How long to wait after failure `n` (from 0), in milliseconds; `undefined`: not again.
 * A rate limit waits as long as its server says, else 2^n + U(0,1) s; everything else 2^n s.
 */
const waitAfter = (
  { reason }: BackendError,
  n: number,
  patienceMs: number
): Effect.Effect<number | undefined> => {
  if (lasting.has(reason._tag)) return Effect.undefined
  if (reason._tag !== "RateLimited") return Effect.succeed(2 ** n * 1000)
  if (reason.retryAfterMs > patienceMs) return Effect.undefined
  return reason.retryAfterMs > 0
    ? Effect.succeed(reason.retryAfterMs)
    : Effect.map(Random.next, (fraction) => (2 ** n + fraction) * 1000)
}

/** Times a model may be silent in one step: a server that answered neither will not the third time. */
const maximumSilences = 2

/**
 * - `once`: the call. `failed`: run after each one that failed, also the last: it counts what was used.
 * - `forget`: run before each new one: it takes back what the failed one had told.
 */
export interface Retried<A, E> {
  readonly once: Effect.Effect<A, BackendError>
  readonly failed: Effect.Effect<void, E>
  readonly forget: Effect.Effect<void>
}

/** Runs `once` until it succeeds, at most `tries` times, and twice where it is silent. */
export const retried = Effect.fnUntraced(function* <A, E>(
  { failed, forget, once }: Retried<A, E>,
  { patienceMs, tries }: { readonly patienceMs: number; readonly tries: number }
): Effect.fn.Return<A, BackendError | E> {
  let silences = 0
  for (let n = 0; ; n++) {
    const result = yield* Effect.result(once)
    if (result._tag === "Success") return result.success
    const error = result.failure
    yield* failed
    if (error.reason._tag === "TimedOut") silences += 1
    const again = n + 1 < tries && silences < maximumSilences
    const wait = again ? yield* waitAfter(error, n, patienceMs) : undefined
    if (wait === undefined) return yield* error
    yield* Effect.annotateLogs(Effect.logWarning("A model call failed and is made again."), {
      reason: error.reason._tag,
      "wait.ms": Math.round(wait)
    })
    yield* forget
    yield* Effect.sleep(wait)
  }
})
