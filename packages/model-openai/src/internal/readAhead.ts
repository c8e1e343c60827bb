import * as Arr from "effect/Array"
import * as AiError from "effect/ai/AiError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { eventsOf } from "./events.ts"
import { readRest } from "./readRest.ts"
import type { Answer } from "./send.ts"

/** What an answer is put together by, chunk by chunk. */
export interface Assembly<A> {
  /** Adds what one more chunk says to the parts that nobody has taken yet. Throws an `AiError`. */
  readonly add: (chunk: unknown, parts: Array<A>) => void
  /** The server has said why it finished. */
  readonly isFinished: () => boolean
  /** Adds the last parts. Throws an `AiError` where the chunks end too early. */
  readonly end: (parts: Array<A>) => void
}

/** An answer that is read by itself, ahead of who takes its parts. */
export interface Ahead<A> {
  /** What has come since it was last asked, or else what comes next; `Done` when nothing more will. */
  readonly take: Effect.Effect<Arr.NonEmptyReadonlyArray<A>, AiError.AiError | Cause.Done>
  /** Since when the next chunk is waited for, in milliseconds; `undefined` while nobody waits. */
  readonly since: () => number | undefined
  /** The server has said all; the request must not be aborted any more. */
  readonly hasEnded: () => boolean
}

const closed = new Error("The connection was closed.")

/** Chunks read ahead; beyond these the server has to wait. */
const most = 256

/** And bytes of them, where chunks are large. */
const mostBytes = 1_048_576

/**
 * Reads a streamed answer. Parts that arrive together are given together, since every step from the
 * socket to the reader has its price. `toError`: what an error of the reading means.
 */
export const readAhead = <A>(
  answer: Answer,
  assembly: Assembly<A>,
  now: () => number,
  toError: (cause: unknown) => AiError.AiError
): Ahead<A> => {
  let parts: Array<A> = []
  /** Chunks that `parts` are of. */
  let held = 0
  /** What came as bytes since parts were taken. */
  let heldBytes = 0
  /** How it ended, once it has. */
  let end: Effect.Effect<never, AiError.AiError | Cause.Done> | undefined
  let hasEnded = false
  let since: number | undefined
  let wake: (() => void) | undefined
  const chunks: Array<unknown> = []
  const events = eventsOf(answer, (chunk) => chunks.push(chunk))

  const assemble = (): void => {
    if (chunks.length > 0 && since !== undefined) since = now()
    held += chunks.length
    for (const chunk of chunks.splice(0)) assembly.add(chunk, parts)
  }

  /** Runs a piece of the reading; what it throws, if it does, is the end. */
  const reading = (step: () => void): void => {
    if (end !== undefined) return
    try {
      step()
    } catch (cause) {
      end = AiError.isAiError(cause) ? Effect.fail(cause) : Effect.die(cause)
    }
    if (parts.length > 0 || end !== undefined) wake?.()
  }

  const finish = (): void => {
    assembly.end(parts)
    end = Cause.done()
  }

  /** What came before it broke was said; an answer that had finished is whole, however it broke. */
  const broken = (cause: unknown): void => {
    assemble()
    if (!assembly.isFinished()) throw toError(cause)
    finish()
  }

  /** Takes events; true where they were. */
  const took = (step: () => void): boolean => {
    try {
      step()
    } catch (cause) {
      broken(cause)
      return false
    }
    assemble()
    return true
  }

  const onData = (bytes: Buffer): void =>
    reading(() => {
      heldBytes += bytes.length
      if (!took(() => events.take(bytes))) return
      // Only where there is something to take: else nobody would let it go on.
      if ((held > most || heldBytes > mostBytes) && parts.length > 0) answer.pause()
      if (!events.isDone()) return
      hasEnded = true
      answer.off("data", onData)
      readRest(answer)
      finish()
    })

  answer
    .on("data", onData)
    .on("end", () =>
      reading(() => {
        if (!took(events.end)) return
        hasEnded = true
        finish()
      })
    )
    .on("error", (cause) => reading(() => broken(cause)))
    .on("close", () => reading(() => broken(closed)))
  // It may have broken off before anybody listened.
  if (answer.destroyed) reading(() => broken(closed))

  const take: Ahead<A>["take"] = Effect.suspend(() => {
    const taken = parts
    if (Arr.isArrayNonEmpty(taken)) {
      parts = []
      held = 0
      heldBytes = 0
      since = undefined
      if (answer.isPaused()) answer.resume()
      return Effect.succeed(taken)
    }
    if (end !== undefined) return end
    since ??= now()
    return woken
  })
  const woken = Effect.callback<void>((resume) => {
    // Between two steps of a fiber there is time for more to come.
    if (parts.length > 0 || end !== undefined) resume(Effect.void)
    else wake = () => resume(Effect.void)
  }).pipe(
    // What came in one go is read in one go.
    Effect.andThen(Effect.yieldNow),
    Effect.andThen(take)
  )

  return { take, since: () => since, hasEnded: () => hasEnded }
}
