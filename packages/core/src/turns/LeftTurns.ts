/** The turns of a conversation that nobody runs: read, given back their callers, and leased. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { StorageError, TenancyError } from "../errors.ts"
import type { ConversationRecord } from "../storage/ConversationStore.ts"
import type { Storage } from "../storage/Storage.ts"
import type { TurnRecord } from "../storage/TurnStore.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import type { TenantResolver } from "../tenancy/TenantResolver.ts"
import type { TurnJob } from "./TurnJob.ts"
import { readTurn } from "./TurnReading.ts"

/** How long a process that writes a conversation is thought alive after its last sign, in ms. */
export const leaseMs = 15_000

/** How long a resolver may take to renew claims, in milliseconds. */
const renewMs = 5000

const slowResolver = TenancyError.because(
  { _tag: "TimedOut", afterMs: renewMs },
  `The tenant resolver did not renew a caller's claims within ${renewMs} ms.`
)

const miscounted = StorageError.because({
  _tag: "Malformed",
  what: "A stored conversation's count of unended turns"
})

/**
 * The turns of one conversation that this process has taken on; the first one runs.
 * - `fence`: the one they are written under.
 * - `seen`: position of the newest turn that was looked at; one beyond it was begun elsewhere.
 */
export interface Lane {
  jobs: Array<TurnJob>
  fence: number
  seen: number
}

interface Parts {
  readonly storage: Storage["Service"]
  readonly resolver: TenantResolver["Service"]
  readonly owner: string
  /** The lane that this process has for a conversation under its own lease. */
  readonly laneOf: (scope: TenantScope, conversation: ConversationRecord) => Lane | undefined
  readonly mayLease: (conversation: ConversationRecord, now: number) => boolean
}

/**
 * Takes the unended turns of a conversation that nobody runs under this process' lease. Claims are
 * renewed before anything is written, so a run is counted only when there is somebody to run it as.
 * Answers nothing when there is nothing, or when it changed meanwhile: who needs it looks again.
 */
export const readLeftTurns = ({ laneOf, mayLease, owner, resolver, storage }: Parts) => {
  const { conversations, turns } = storage.stores

  /** The unended turns of a conversation that nobody has. */
  const left = Effect.fnUntraced(function* (
    of: TenantScope,
    conversationId: string,
    lane: Lane | undefined
  ) {
    const unended = yield* turns.unended(of, conversationId)
    if (lane !== undefined) {
      const own = new Set(lane.jobs.map(({ turn }) => turn.id))
      const begun = lane.jobs[0]?.turn.position ?? 0
      return unended.filter((turn) => !own.has(turn.id) && turn.position > begun)
    }
    // Looking again would find the same for ever.
    return unended.length === 0 ? yield* miscounted : unended
  })

  /** They come under this process' lease; where it had none, under a new one. */
  const leased = Effect.fnUntraced(function* (
    of: TenantScope,
    found: ConversationRecord,
    now: number,
    unended: ReadonlyArray<TurnRecord>,
    lane: Lane | undefined
  ) {
    if (lane !== undefined) {
      const conversation = { ...found, fence: lane.fence }
      return unended.map((turn) => ({ turn, conversation }))
    }
    const conversation: ConversationRecord = {
      ...found,
      fence: found.fence + 1,
      owner,
      leaseUntil: now + leaseMs
    }
    yield* conversations.save(of, conversation)
    return yield* Effect.forEach(unended, (turn, i) => {
      if (i > 0) return Effect.succeed({ turn, conversation })
      // The first one may have been running when its process died.
      const again = { ...turn, attempt: turn.attempt + 1 }
      return Effect.as(turns.advance(of, again, []), { turn: again, conversation })
    })
  })

  /** The caller that a stored turn stands for now. */
  const renewed = (of: TenantScope, { scopes, userId }: TurnRecord) =>
    // Others wait for this conversation meanwhile, so a resolver may not take for ever.
    resolver
      .renew({ tenant: of.tenantId, scopes, ...(userId === null ? {} : { user: userId }) })
      .pipe(
        Effect.interruptible,
        Effect.timeoutOption(renewMs),
        Effect.flatMap(
          Option.match({ onNone: () => Effect.fail(slowResolver), onSome: Effect.succeed })
        )
      )

  /** What a conversation has that nobody runs, if this process may run it. */
  const look = Effect.fnUntraced(function* (of: TenantScope, conversationId: string) {
    const now = yield* Clock.currentTimeMillis
    const found = Option.getOrUndefined(yield* conversations.find(of, conversationId))
    if (found === undefined || found.unended === 0) return undefined
    const lane = laneOf(of, found)
    if (lane === undefined && !mayLease(found, now)) return undefined
    return { now, found, lane, unended: yield* left(of, conversationId, lane) }
  })

  return Effect.fnUntraced(function* (of: TenantScope, conversationId: string) {
    const nothing = { position: 0, taken: [], callers: [] }
    const before = yield* storage.transact(look(of, conversationId))
    if (before === undefined) return nothing
    const callers = yield* Effect.forEach(before.unended, (turn) => renewed(of, turn))
    return yield* storage.transact(
      Effect.gen(function* () {
        const seen = yield* look(of, conversationId)
        const same =
          seen !== undefined &&
          seen.found.fence === before.found.fence &&
          seen.unended.length === before.unended.length &&
          seen.unended.every(({ id }, i) => id === before.unended[i]?.id)
        if (!same) return nothing
        const mine = yield* leased(of, seen.found, seen.now, seen.unended, seen.lane)
        const taken = yield* Effect.forEach(mine, (one) =>
          Effect.map(readTurn(storage.stores, of, one.turn), (read) => ({ ...one, read }))
        )
        return { position: seen.found.position, taken, callers }
      })
    )
  })
}
