/** Reading a turn from any cursor: what is stored, then what comes, without a gap or a repeat. */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import { type StorageError, TurnError } from "../errors.ts"
import type { Storage } from "../storage/Storage.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import * as Cursor from "./Cursor.ts"
import { type Reader, replay, type TurnEvent } from "./LiveTurn.ts"
import { isEnd } from "./TurnFact.ts"
import type { TurnJob } from "./TurnJob.ts"
import type { TurnQueue } from "./TurnQueue.ts"
import { readTurn } from "./TurnReading.ts"

interface Parts {
  readonly storage: Storage["Service"]
  readonly queue: TurnQueue["Service"]
}

/** How often a turn that runs in another process, or waits, is looked at. */
const pollMs = 500

/** What is stored after `cursor`, and whether the turn has ended. */
const readStored = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  scope: TenantScope,
  id: string,
  cursor: Cursor.Cursor
): Effect.fn.Return<{ events: Array<TurnEvent>; ended: boolean }, StorageError | TurnError> {
  return yield* storage.transact(
    Effect.gen(function* () {
      const found = yield* storage.stores.turns.find(scope, id)
      if (Option.isNone(found)) {
        return yield* TurnError.because({ _tag: "Gone", what: "turn" })
      }
      const { facts, origins } = yield* readTurn(storage.stores, scope, found.value)
      const ended = found.value.end !== null
      // A text that is still being written elsewhere is not lost: only an ended turn can tell.
      const waits = !ended && facts.length < cursor.sequence
      return { ended, events: waits ? [] : replay(facts, origins, cursor, false) }
    })
  )
})

/**
 * The events of a turn after `cursor`, ending with its last fact. A reader that falls behind is let
 * go by the writer and joins again where it stands, so it slows nobody and misses nothing [TRN-6].
 */
export const followTurn =
  ({ queue, storage }: Parts) =>
  (
    scope: TenantScope,
    id: string,
    cursor: Cursor.Cursor,
    begun?: TurnJob
  ): Stream.Stream<TurnEvent, TurnError | StorageError> =>
    Stream.suspend(() => {
      let job: TurnJob | undefined
      let reader: Reader | undefined
      let place = cursor
      let finished = false

      const took = (events: Array<TurnEvent>): Arr.NonEmptyReadonlyArray<TurnEvent> | undefined => {
        const last = events[events.length - 1]
        if (last === undefined || !Arr.isArrayNonEmpty(events)) return undefined
        place = Cursor.parse(Cursor.after(last)) ?? place
        finished = isEnd(last)
        return events
      }

      const join = (found: TurnJob): void => {
        job = found
        reader = found.live.join(place)
      }

      const leave = Effect.sync(() => {
        if (reader !== undefined) job?.live.leave(reader)
      })

      const wait = (of: Reader): Effect.Effect<void> =>
        Effect.callback((resume) => {
          if (of.events.length > 0 || of.closed || of.lost) return resume(Effect.void)
          of.wake = () => {
            of.wake = undefined
            resume(Effect.void)
          }
        })

      const pull: Pull.Pull<
        Arr.NonEmptyReadonlyArray<TurnEvent>,
        TurnError | StorageError
      > = Effect.suspend(() => {
        if (finished) return Cause.done()
        if (reader === undefined) {
          const live = queue.find(scope, id)
          if (live === undefined) return stored
          join(live)
          return pull
        }
        const events = took(reader.events)
        if (events !== undefined) {
          reader.events = []
          return Effect.succeed(events)
        }
        if (reader.closed || reader.lost) {
          reader = undefined
          return pull
        }
        return Effect.andThen(wait(reader), pull)
      })

      const stored: Pull.Pull<
        Arr.NonEmptyReadonlyArray<TurnEvent>,
        TurnError | StorageError
      > = Effect.flatMap(
        Effect.suspend(() => readStored(storage, scope, id, place)),
        ({ ended, events }) => {
          const taken = took(events)
          if (taken !== undefined) return Effect.succeed(taken)
          return ended ? Cause.done() : Effect.andThen(Effect.sleep(pollMs), pull)
        }
      )

      if (begun !== undefined) join(begun)
      return Stream.ensuring(Stream.fromPull(Effect.succeed(pull)), leave)
    })
