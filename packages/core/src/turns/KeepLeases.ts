/** The leases under which a process writes: said to last while it runs, and given up when it closes. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { StorageError } from "../errors.ts"
import type { Storage } from "../storage/Storage.ts"
import { type Lane, leaseMs } from "./LeftTurns.ts"
import type { TurnJob } from "./TurnJob.ts"

interface Parts {
  readonly storage: Storage["Service"]
  readonly owner: string
  /** What this process has of the job's conversation. */
  readonly laneOf: (job: TurnJob) => Lane | undefined
  /** Has the job's conversation looked at in the next round. */
  readonly doubt: (job: TurnJob) => void
}

export const keepLeases = ({ doubt, laneOf, owner, storage }: Parts) => {
  const { conversations } = storage.stores

  /** Writes until when the lease lasts; answers the newest position, where it is still ours. */
  const write = (
    { caller, conversation: { fence, id } }: TurnJob,
    leaseUntil: number
  ): Effect.Effect<number, StorageError> =>
    storage.transact(
      Effect.gen(function* () {
        const found = Option.getOrUndefined(yield* conversations.find(caller, id))
        if (found?.fence !== fence || found.owner !== owner) return 0
        yield* conversations.save(caller, { ...found, leaseUntil })
        return found.position
      })
    )

  const renewOne = Effect.fnUntraced(function* (job: TurnJob) {
    const position = yield* write(job, (yield* Clock.currentTimeMillis) + leaseMs)
    const lane = laneOf(job)
    // Another process began a turn under this one's lease.
    if (lane !== undefined && lane.seen < position) doubt(job)
  })

  const each = (
    jobs: ReadonlyArray<TurnJob>,
    self: (job: TurnJob) => Effect.Effect<unknown, StorageError>,
    failed: string
  ) =>
    Effect.forEach(
      jobs,
      (job) => Effect.catchCause(self(job), (cause) => Effect.logWarning(failed, cause)),
      { discard: true }
    )

  return {
    renew: (jobs: ReadonlyArray<TurnJob>) => each(jobs, renewOne, "A lease was not renewed."),
    giveUp: (jobs: ReadonlyArray<TurnJob>) =>
      each(
        storage.owners === "one" ? [] : jobs,
        (job) => write(job, 0),
        "A lease was not given up; it will run out."
      )
  }
}
