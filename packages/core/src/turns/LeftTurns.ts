/** The turns of a conversation that nobody runs: read, given back their callers, and leased. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { type Reason, StorageError, TenancyError } from "../errors.ts"
import type { ConversationRecord } from "../storage/ConversationStore.ts"
import type { Storage } from "../storage/Storage.ts"
import type { TurnRecord } from "../storage/TurnStore.ts"
import type { Caller, TenantScope } from "../tenancy/Principal.ts"
import type { TenantResolver } from "../tenancy/TenantResolver.ts"
import { leftOpen } from "./CallTools.ts"
import { endedRow } from "./CommitStep.ts"
import type { TurnJob } from "./TurnJob.ts"
import { countEnd } from "./TurnMetrics.ts"
import { expired, isWaiting, readTurn } from "./TurnReading.ts"

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

/** The caller that a stored turn stands for, or why it stands for nobody any more. */
type Renewal = Result.Result<Caller, TenancyError>

const isRenewed = (renewal: Renewal | undefined): boolean =>
  renewal !== undefined && Result.isSuccess(renewal)

/** Reasons after which the same claims are refused again, however often they are renewed. */
const lasting: ReadonlySet<Reason["_tag"]> = new Set([
  "Unauthenticated",
  "Forbidden",
  "NotFound",
  "Gone",
  "Rejected"
])

/**
 * Takes the unended turns of a conversation that nobody runs under this process' lease. Claims are
 * renewed before anything is written, so a run is counted only when there is somebody to run it as;
 * the turns of who was suspended or erased meanwhile fail.
 * Answers nothing when there is nothing, or when it changed meanwhile: who needs it looks again.
 */
export const readLeftTurns = ({ laneOf, mayLease, owner, resolver, storage }: Parts) => {
  const { conversations, ledger, messages, turns } = storage.stores

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
      const { facts, turn: decided } = expired(turn, now)
      const again = { ...decided, attempt: turn.attempt + 1 }
      return Effect.as(turns.advance(of, again, facts), { turn: again, conversation })
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

  /** Ends the turns of those whose claims were refused; answers the conversation without them. */
  const failing = Effect.fnUntraced(function* (
    of: TenantScope,
    found: ConversationRecord,
    at: number,
    unended: ReadonlyArray<TurnRecord>,
    renewals: ReadonlyArray<Renewal>
  ): Effect.fn.Return<
    { conversation: ConversationRecord; ended: ReadonlyArray<TurnRecord> },
    StorageError
  > {
    const ended: Array<TurnRecord> = []
    for (const [i, turn] of unended.entries()) {
      const renewal = renewals[i]
      if (renewal === undefined || Result.isSuccess(renewal)) continue
      const { message, reason } = renewal.failure
      const open = leftOpen(yield* turns.facts(of, turn, 2), new Map())
      const told = open.map((fact, n) => ({ ...fact, sequence: turn.sequence + 1 + n, at }))
      const sequence = turn.sequence + told.length + 1
      const over: TurnRecord = {
        ...turn,
        sequence,
        draft: null,
        waiting: [],
        end: { _tag: "Failed", reason, message },
        endedAt: at
      }
      const { usage } = turn
      yield* turns.advance(of, over, [
        ...told,
        { _tag: "TurnFailed", sequence, at, reason, message, usage }
      ])
      yield* ledger.append(of, [endedRow(over, at)])
      yield* messages.skip(of, found.id, turn.position)
      ended.push(over)
    }
    if (ended.length === 0) return { conversation: found, ended }
    const conversation = { ...found, unended: found.unended - ended.length }
    yield* conversations.save(of, conversation)
    return { conversation, ended }
  })

  /** What a conversation has that nobody runs, if this process may run it. */
  const look = Effect.fnUntraced(function* (of: TenantScope, conversationId: string) {
    const now = yield* Clock.currentTimeMillis
    const found = Option.getOrUndefined(yield* conversations.find(of, conversationId))
    if (found === undefined || found.unended === 0) return undefined
    const lane = laneOf(of, found)
    if (lane === undefined && !mayLease(found, now)) return undefined
    const unended = yield* left(of, conversationId, lane)
    const [first] = unended
    // Who waits for a person is nobody's to run, nor are those behind.
    if (lane === undefined && first !== undefined && isWaiting(first, now)) return undefined
    return { now, found, lane, unended }
  })

  return Effect.fnUntraced(function* (of: TenantScope, conversationId: string) {
    const nothing = {
      position: 0,
      taken: [],
      ended: [] as TurnRecord[],
      callers: [] as Caller[]
    }
    const before = yield* storage.transact(look(of, conversationId))
    if (before === undefined) return nothing
    const renewals = yield* Effect.forEach(before.unended, (turn) =>
      Effect.result(renewed(of, turn))
    )
    for (const renewal of renewals) {
      if (Result.isFailure(renewal) && !lasting.has(renewal.failure.reason._tag)) {
        return yield* renewal.failure
      }
    }
    const looked = yield* storage.transact(
      Effect.gen(function* () {
        const seen = yield* look(of, conversationId)
        const same =
          seen !== undefined &&
          seen.found.fence === before.found.fence &&
          seen.unended.length === before.unended.length &&
          seen.unended.every(({ id }, i) => id === before.unended[i]?.id)
        if (!same) return nothing
        const { conversation: found, ended } = yield* failing(
          of,
          seen.found,
          seen.now,
          seen.unended,
          renewals
        )
        const kept = seen.unended.filter((_, i) => isRenewed(renewals[i]))
        const mine = kept.length === 0 ? [] : yield* leased(of, found, seen.now, kept, seen.lane)
        const taken = yield* Effect.forEach(mine, (one) =>
          Effect.map(readTurn(storage.stores, of, one.turn), (read) => ({ ...one, read }))
        )
        return {
          position: found.position,
          taken,
          ended,
          callers: renewals.flatMap((renewal) => (Result.isSuccess(renewal) ? renewal.success : []))
        }
      })
    )
    for (const turn of looked.ended) yield* countEnd(before.found.template, turn)
    return looked
  })
}
