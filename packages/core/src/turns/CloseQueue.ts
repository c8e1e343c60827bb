/** How a process stops: it hands back what it runs, and waits for that no longer than it is worth. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { TurnJob } from "./TurnJob.ts"

/** How long a closing app waits for its turns to stop, in milliseconds. */
export const closeMs = 10_000

interface Parts {
  /** Turns that run, and have been told to stop. */
  readonly running: ReadonlyArray<TurnJob>
  /** Conversations in which a send, cancel or decision is being stored. */
  readonly storing: () => number
  /** Ends when nothing is being stored any more. */
  readonly stored: Effect.Effect<void>
  readonly done: (job: TurnJob) => Effect.Effect<void>
  readonly giveUpLeases: Effect.Effect<void>
}

/**
 * Waits until what is being stored is stored, every run has stopped, and their leases are given up.
 * The next process looks for left turns once, so what comes later would wait for a send. A storage or
 * a tool that does not answer is left behind, which counts as a run that died: the fence keeps it
 * from writing.
 */
export const closeQueue = ({ done, giveUpLeases, running, stored, storing }: Parts) =>
  Effect.gen(function* () {
    const work = yield* Effect.forkDetach(
      stored.pipe(
        Effect.andThen(Effect.forEach(running, done, { discard: true })),
        Effect.andThen(giveUpLeases)
      )
    )
    const inTime = yield* Effect.raceFirst(
      Effect.as(Effect.interruptible(Fiber.await(work)), true),
      Effect.as(Effect.interruptible(Effect.sleep(closeMs)), false)
    )
    if (inTime) return
    work.interruptUnsafe()
    const left = running.filter(({ fiber }) => fiber?.pollUnsafe() === undefined)
    yield* Effect.annotateLogs(
      Effect.logWarning(
        `The app was closed though something did not stop within ${closeMs} ms: a storage call, or a tool that cannot be interrupted. The next process takes the turns up.`
      ),
      { turns: left.map(({ turn }) => turn.id).join(" "), storing: storing() }
    )
  })
