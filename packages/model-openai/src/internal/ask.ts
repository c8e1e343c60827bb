import * as AiError from "effect/ai/AiError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Call, timedOut, toAiError } from "./failures.ts"
import { type Ahead, type Assembly, readAhead } from "./readAhead.ts"

/** What the reading of an answer threw: an `AiError`, or a defect, which stays one. */
export const readingError = (cause: unknown): AiError.AiError => {
  if (AiError.isAiError(cause)) return cause
  throw cause
}

/** Asks once. Interruption, and silence for longer than allowed, abort the request. */
export const ask = <A>(
  call: Call,
  request: (signal: AbortSignal) => PromiseLike<A>
): Effect.Effect<A, AiError.AiError> =>
  Effect.timeoutOrElse(Effect.tryPromise({ try: request, catch: toAiError(call) }), {
    duration: call.endpoint.timeout,
    orElse: () => Effect.fail(timedOut(call))
  })

/**
 * Asks for a stream. The time that the server may be silent begins anew with each chunk, and does not
 * run while nobody asks for one. The end of the scope, whatever its cause, aborts a request that has
 * not ended; one that has leaves a connection behind that the next may use.
 */
export const askStream = <A>(
  call: Call,
  request: (signal: AbortSignal) => PromiseLike<Response>,
  assembly: Assembly<A>
): Stream.Stream<A, AiError.AiError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const now = () => clock.currentTimeMillisUnsafe()
      const limitMs = Duration.toMillis(call.endpoint.timeout)
      const asked = now()
      let ahead: Ahead<A> | undefined
      const controller = yield* Effect.acquireRelease(
        Effect.sync(() => new AbortController()),
        (made) =>
          Effect.sync(() => {
            if (ahead?.hasEnded() !== true) made.abort()
            ahead?.release()
          })
      )
      let isOver = false
      const watch = Effect.gen(function* () {
        while (!isOver) {
          const since = ahead === undefined ? asked : ahead.since()
          yield* Effect.sleep(since === undefined ? limitMs : Math.max(1, since + limitMs - now()))
          const then = ahead === undefined ? asked : ahead.since()
          isOver = then !== undefined && now() - then >= limitMs
        }
        controller.abort()
      })
      if (Number.isFinite(limitMs)) yield* Effect.forkScoped(watch)

      const toError = (cause: unknown) => (isOver ? timedOut(call) : toAiError(call)(cause))
      const response = yield* Effect.tryPromise({
        try: () => request(controller.signal),
        catch: toError
      })
      ahead = readAhead(response, assembly, now, toError)
      return Stream.fromPull(Effect.succeed(ahead.take))
    })
  )
