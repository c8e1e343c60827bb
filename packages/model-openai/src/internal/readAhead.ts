import * as Arr from "effect/Array"
import * as AiError from "effect/ai/AiError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { eventsOf } from "./events.ts"
import { readRest } from "./readRest.ts"

/** What an answer is put together by, chunk by chunk. */
export interface Assembly<A> {
  /** The parts of one more chunk. Throws an `AiError`. */
  readonly add: (chunk: unknown) => ReadonlyArray<A>
  /** The server has said why it finished. */
  readonly isFinished: () => boolean
  /** The last parts. Throws an `AiError` where the chunks end too early. */
  readonly end: () => ReadonlyArray<A>
}

/** An answer that is read by itself, ahead of who takes its parts. */
export interface Ahead<A> {
  /** What has come since it was last asked, or else what comes next; `Done` when nothing more will. */
  readonly take: Effect.Effect<Arr.NonEmptyReadonlyArray<A>, AiError.AiError | Cause.Done>
  /** Since when the next chunk is waited for, in milliseconds; `undefined` while nobody waits. */
  readonly since: () => number | undefined
  /** The server has said all; the request must not be aborted any more. */
  readonly hasEnded: () => boolean
  /** Reads on, though nobody takes: for a request that was aborted. */
  readonly release: () => void
}

/** Parts read ahead; beyond these the server has to wait. */
const most = 256

/**
 * Reads a streamed answer. Parts that arrive together are given together, since every step from the
 * socket to the reader has its price. `toError`: what an error of the reading means.
 */
export const readAhead = <A>(
  response: Response,
  assembly: Assembly<A>,
  now: () => number,
  toError: (cause: unknown) => AiError.AiError
): Ahead<A> => {
  let parts: Array<A> = []
  /** How it ended, once it has. */
  let end: Effect.Effect<never, AiError.AiError | Cause.Done> | undefined
  let hasEnded = false
  let since: number | undefined
  let wake: (() => void) | undefined
  let release: (() => void) | undefined
  const reader = response.body?.getReader()
  const chunks: Array<unknown> = []
  const events = eventsOf(response.headers, (chunk) => chunks.push(chunk))

  /** One reading; false after the last. */
  const readOn = async (): Promise<boolean> => {
    const read = await reader?.read()
    if (read === undefined || read.done) {
      events.end()
      return false
    }
    events.take(read.value)
    return !events.isDone()
  }

  const assemble = (): void => {
    if (chunks.length > 0 && since !== undefined) since = now()
    for (const chunk of chunks.splice(0)) parts.push(...assembly.add(chunk))
  }

  const readAll = async (): Promise<void> => {
    for (let more = true; more; ) {
      if (parts.length > most) await new Promise<void>((resume) => (release = resume))
      let broken: AiError.AiError | undefined
      try {
        more = await readOn()
      } catch (cause) {
        broken = toError(cause)
      }
      // What came before it broke was said.
      assemble()
      if (broken !== undefined) {
        // An answer that had finished is whole, however its connection ended.
        if (!assembly.isFinished()) throw broken
        parts.push(...assembly.end())
        return
      }
      if (parts.length > 0) wake?.()
    }
    hasEnded = true
    if (events.isDone() && reader !== undefined) void readRest(reader)
    parts.push(...assembly.end())
  }

  void readAll()
    .then(
      () => Cause.done(),
      (cause: unknown) => (AiError.isAiError(cause) ? Effect.fail(cause) : Effect.die(cause))
    )
    .then((ended) => {
      end = ended
      wake?.()
    })

  const take: Ahead<A>["take"] = Effect.suspend(() => {
    const taken = parts
    if (Arr.isArrayNonEmpty(taken)) {
      parts = []
      since = undefined
      release?.()
      return Effect.succeed(taken)
    }
    if (end !== undefined) return end
    since ??= now()
    return woken
  })
  const woken = Effect.callback<void>((resume) => {
    wake = () => resume(Effect.void)
  }).pipe(
    // What came in one go is read in one go.
    Effect.andThen(Effect.yieldNow),
    Effect.andThen(take)
  )

  return {
    take,
    since: () => since,
    hasEnded: () => hasEnded,
    release: () => release?.()
  }
}
