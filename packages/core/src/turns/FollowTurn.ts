/** Reading a turn from any cursor: what is stored, then what comes, without a gap or a repeat. */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { asTurnError, type StorageError, TurnError } from "../errors.ts"
import type { Storage } from "../storage/Storage.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import * as Cursor from "./Cursor.ts"
import { type Reader, replay } from "./LiveTurn.ts"
import type { TurnEvent } from "./TurnEvent.ts"
import { isEnd } from "./TurnFact.ts"
import type { TurnJob } from "./TurnJob.ts"
import type { TurnQueue } from "./TurnQueue.ts"
import { isWaiting, readTurn } from "./TurnReading.ts"

interface Parts {
  readonly storage: Storage["Service"]
  readonly queue: TurnQueue["Service"]
}

/** How often a turn that runs in another process, or waits, is looked at. */
const pollMs = 500

/** What is stored after `cursor`, and whether no more comes by itself: it ended, or waits. */
const readStored = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  scope: TenantScope,
  id: string,
  cursor: Cursor.Cursor
): Effect.fn.Return<{ events: Array<TurnEvent>; over: boolean }, StorageError | TurnError> {
  return yield* storage.transact(
    Effect.gen(function* () {
      const found = yield* storage.stores.turns.find(scope, id)
      if (Option.isNone(found)) {
        return yield* TurnError.because({ _tag: "Gone", what: "turn" })
      }
      const { facts, origins } = yield* readTurn(storage.stores, scope, found.value)
      const ended = found.value.end !== null
      const now = yield* Clock.currentTimeMillis
      // A text that is still being written elsewhere is not lost: only an ended turn can tell.
      const waits = !ended && facts.length < cursor.sequence
      // What was being written beside the facts of a run that died is lost, and so is the step that
      // waited for a person in a turn that ended meanwhile.
      const { attempt, handedBack } = found.value
      const isLost = attempt > 0 || (ended && handedBack > 0)
      const inherited = isLost && facts.length >= cursor.sequence ? facts.length : 0
      return {
        // Nothing comes until a person decides, which may take a day: who reads then reads again.
        over: ended || isWaiting(found.value, now),
        events: waits ? [] : replay(facts, origins, cursor, [], inherited)
      }
    })
  )
})

/** What one pull of a reader gives: all that has come since the last one. */
export type TurnPull = Pull.Pull<Arr.NonEmptyReadonlyArray<TurnEvent>, TurnError>

/** A stream that is opened by an effect and let go of with its scope. */
export const streamOf = <R>(
  open: Effect.Effect<Following, TurnError, R>
): Stream.Stream<TurnEvent, TurnError, R> =>
  Stream.fromChannel(
    Channel.fromTransform((_upstream: unknown, scope: Scope.Scope) =>
      Effect.flatMap(open, ({ leave, pull }) =>
        Effect.as(Scope.addFinalizer(scope, Effect.sync(leave)), pull)
      )
    )
  )

export interface Following {
  readonly pull: TurnPull
  readonly leave: () => void
}

/**
 * Follows a turn from after `cursor` to its last fact, or until it waits for a person. A reader that falls behind is let go by the
 * writer and joins again where it stands, so it slows nobody and misses nothing [TRN-6].
 */
export const followTurn =
  ({ queue, storage }: Parts) =>
  (scope: TenantScope, id: string, cursor: Cursor.Cursor, begun?: TurnJob): Following => {
    let job: TurnJob | undefined
    let reader: Reader | undefined
    let last: TurnEvent | undefined

    const place = (): Cursor.Cursor =>
      (last === undefined ? undefined : Cursor.parse(Cursor.after(last))) ?? cursor

    const join = (found: TurnJob): void => {
      job = found
      reader = found.live.join(place())
    }

    const took = (events: Array<TurnEvent>): Arr.NonEmptyReadonlyArray<TurnEvent> | undefined => {
      if (!Arr.isArrayNonEmpty(events)) return undefined
      last = events[events.length - 1]
      return events
    }

    const pull: TurnPull = Effect.suspend(() => {
      if (last !== undefined && isEnd(last)) return Cause.done()
      if (reader === undefined) {
        const live = queue.find(scope, id)
        if (live === undefined) return stored
        join(live)
      }
      return read
    })

    const read: TurnPull = Effect.callback((resume) => {
      const of = reader
      const look = (): boolean => {
        const events = of === undefined ? undefined : took(of.events)
        if (of !== undefined && events !== undefined) {
          of.events = []
          resume(Effect.succeed(events))
          return true
        }
        if (of !== undefined && !of.closed && !of.lost) return false
        reader = undefined
        resume(pull)
        return true
      }
      if (of === undefined || look()) return undefined
      of.wake = () => {
        of.wake = undefined
        look()
      }
      // A pull that is interrupted must not take events that the next one is to give.
      return Effect.sync(() => {
        of.wake = undefined
      })
    })

    const stored: TurnPull = Effect.flatMap(
      asTurnError(Effect.suspend(() => readStored(storage, scope, id, place()))),
      ({ events, over }) => {
        const taken = took(events)
        if (taken !== undefined) return Effect.succeed(taken)
        return over ? Cause.done() : Effect.andThen(Effect.sleep(pollMs), pull)
      }
    )

    if (begun !== undefined) join(begun)
    return {
      pull,
      leave: () => {
        if (reader !== undefined) job?.live.leave(reader)
      }
    }
  }
