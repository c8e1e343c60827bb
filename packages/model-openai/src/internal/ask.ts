import * as AiError from "effect/ai/AiError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Call, timedOut, toAiError } from "./failures.ts"
import { type Ahead, type Assembly, readAhead } from "./readAhead.ts"
import type { Body } from "./request.ts"
import { jsonOf, send } from "./send.ts"

/** What the reading of an answer threw: an `AiError`, or a defect, which stays one. */
export const readingError = (cause: unknown): AiError.AiError => {
  if (AiError.isAiError(cause)) return cause
  throw cause
}

/** Asks once. Interruption, and silence for longer than allowed, abort the request. */
export const ask = (call: Call, body: Body): Effect.Effect<unknown, AiError.AiError> =>
  Effect.callback<unknown, AiError.AiError>((resume) => {
    const sent = send(call.endpoint.target, JSON.stringify({ ...body, stream: false }))
    sent.answer.then(jsonOf).then(
      (answer) => resume(Effect.succeed(answer)),
      (cause) => resume(Effect.suspend(() => Effect.fail(toAiError(call)(cause))))
    )
    return Effect.sync(sent.abort)
  }).pipe(
    Effect.timeoutOrElse({
      duration: call.endpoint.timeout,
      orElse: () => Effect.fail(timedOut(call))
    })
  )

/**
 * Asks for a stream. The time that the server may be silent begins anew with each chunk, and does not
 * run while nobody asks for one. The end of the scope, whatever its cause, aborts a request that has
 * not ended; one that has leaves a connection behind that the next may use.
 */
export const askStream = <A>(
  call: Call,
  body: Body,
  assembly: Assembly<A>
): Stream.Stream<A, AiError.AiError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const now = () => clock.currentTimeMillisUnsafe()
      const limitMs = Duration.toMillis(call.endpoint.timeout)
      const asked = now()
      let ahead: Ahead<A> | undefined
      const sent = yield* Effect.acquireRelease(
        Effect.sync(() =>
          send(
            call.endpoint.target,
            JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } })
          )
        ),
        ({ abort }) =>
          Effect.sync(() => {
            if (ahead?.hasEnded() !== true) abort()
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
        sent.abort()
      })
      if (Number.isFinite(limitMs)) yield* Effect.forkScoped(watch)

      const toError = (cause: unknown) => (isOver ? timedOut(call) : toAiError(call)(cause))
      const answer = yield* Effect.tryPromise({ try: () => sent.answer, catch: toError })
      ahead = readAhead(answer, assembly, now, toError)
      return Stream.fromPull(Effect.succeed(ahead.take))
    })
  )
