/**
 * One turn at a time for each conversation, in the order of their positions; conversations side by
 * side [TRN-4, TRN-5]. A turn belongs to this queue and not to the request that sent it, so a client
 * that leaves cancels nothing [TRN-6].
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { Definitions } from "../agents/Definitions.ts"
import { AgentBackend } from "../backend/AgentBackend.ts"
import type { Message } from "../conversations/Message.ts"
import { StorageError, type TenancyError, TurnError } from "../errors.ts"
import { fresh, joinKey } from "../ids.ts"
import * as Turnstile from "../internal/Turnstile.ts"
import type { ConversationRecord } from "../storage/ConversationStore.ts"
import { Storage } from "../storage/Storage.ts"
import type { TurnRecord } from "../storage/TurnStore.ts"
import type { Caller, TenantScope } from "../tenancy/Principal.ts"
import { TenantResolver } from "../tenancy/TenantResolver.ts"
import { LiveTurn } from "./LiveTurn.ts"
import { runTurn } from "./runTurn.ts"
import type { TurnJob } from "./TurnJob.ts"
import { readTurn, startedFact } from "./TurnReading.ts"

/** How long a process that writes a conversation is thought alive after its last sign, in ms. */
export const leaseMs = 15_000

const shutDown = TurnError.because(
  { _tag: "Unreachable", host: "this process" },
  "This process shuts down. Send again."
)

const miscounted = StorageError.because({
  _tag: "Malformed",
  what: "A stored conversation's count of unended turns"
})

/** The turns of one conversation that this process has taken on; the first one runs. */
type Lane = Array<TurnJob>

export class TurnQueue extends Context.Service<
  TurnQueue,
  {
    /** This process, as leases name it. */
    readonly owner: string
    /** True when the conversation's lease may be taken: it is ours, free, or its holder is dead. */
    readonly mayLease: (conversation: ConversationRecord, now: number) => boolean
    /**
     * Runs `self` while no other begin, cancel or take-up of the conversation runs in this process,
     * so that what a transaction said of the queue still holds when the queue is changed.
     */
    readonly exclusively: (
      scope: TenantScope,
      conversationId: string
    ) => <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    /** Fails once this process shuts down: what it would begin now, only the next one would run. */
    readonly isOpen: Effect.Effect<void, TurnError>
    /** Takes on a turn that was just begun under this process' lease. Call it exclusively. */
    readonly add: (
      caller: Caller,
      conversation: ConversationRecord,
      turn: TurnRecord,
      input: Message
    ) => TurnJob
    /** The turn's job, while this process has it. */
    readonly find: (scope: TenantScope, turnId: string) => TurnJob | undefined
    /** True while this process has turns of the conversation. */
    readonly has: (scope: TenantScope, conversationId: string) => boolean
    /** Stops a turn, which then ends; one that has not begun just leaves the queue. */
    readonly stop: (job: TurnJob) => void
    /**
     * Takes on the turns that a dead process left in a conversation, if there are any. Call it
     * exclusively.
     */
    readonly takeUp: (
      scope: TenantScope,
      conversationId: string
    ) => Effect.Effect<void, StorageError | TenancyError>
    /** Says that this process is alive to those that share the storage with it. */
    readonly renewLeases: Effect.Effect<void>
    /** Waits until this process is done with the turn. */
    readonly done: (job: TurnJob) => Effect.Effect<void>
  }
>()("@atrium/core/turns/TurnQueue") {
  static readonly layer = Layer.effect(
    TurnQueue,
    Effect.gen(function* () {
      const storage = yield* Storage
      const backend = yield* AgentBackend
      const definitions = yield* Definitions
      const resolver = yield* TenantResolver
      const scope = yield* Effect.scope
      const owner = yield* fresh("process")
      const services = yield* Effect.context<never>()
      const fork = Effect.runForkWith(services)
      const { conversations, turns } = storage.stores
      const run = runTurn({ storage, backend, definitions })

      const lock = Turnstile.make()
      const lanes = new Map<string, Lane>()
      const jobs = new Map<string, TurnJob>()
      let closing = false

      const laneKey = (of: TenantScope, conversationId: string) =>
        joinKey(of.tenantId, conversationId)

      const leave = (job: TurnJob): void => {
        const key = laneKey(job.caller, job.conversation.id)
        const lane = lanes.get(key) ?? []
        const first = lane[0]
        const rest = lane.filter((other) => other !== job)
        if (rest.length === 0) lanes.delete(key)
        else lanes.set(key, rest)
        jobs.delete(joinKey(job.caller.tenantId, job.turn.id))
        job.live.close()
        for (const done of job.onDone) done()
        if (first === job && rest[0] !== undefined && !closing) start(rest[0])
      }

      const start = (job: TurnJob): void => {
        const fiber = fork(run(job))
        job.fiber = fiber
        fiber.addObserver(() => leave(job))
      }

      const enter = (job: TurnJob): TurnJob => {
        const key = laneKey(job.caller, job.conversation.id)
        const lane = lanes.get(key)
        // Stored and left to the next process, as everything that this one hands back.
        if (closing) {
          job.live.close()
          return job
        }
        jobs.set(joinKey(job.caller.tenantId, job.turn.id), job)
        if (lane === undefined) {
          lanes.set(key, [job])
          start(job)
        } else {
          job.waited = true
          lane.push(job)
        }
        return job
      }

      const mayLease = (conversation: ConversationRecord, now: number): boolean =>
        conversation.owner === owner ||
        conversation.unended === 0 ||
        storage.owners === "one" ||
        conversation.leaseUntil <= now

      const takeUp = Effect.fnUntraced(function* (of: TenantScope, conversationId: string) {
        const now = yield* Clock.currentTimeMillis
        const taken = yield* storage.transact(
          Effect.gen(function* () {
            const found = yield* conversations.find(of, conversationId)
            if (Option.isNone(found) || found.value.unended === 0) return []
            if (lanes.has(laneKey(of, conversationId)) || !mayLease(found.value, now)) return []
            const conversation: ConversationRecord = {
              ...found.value,
              fence: found.value.fence + 1,
              owner,
              leaseUntil: now + leaseMs
            }
            yield* conversations.save(of, conversation)
            const left = yield* turns.unended(of, conversationId)
            // Looking again would find the same for ever.
            if (left.length === 0) return yield* miscounted
            return yield* Effect.forEach(left, (turn, i) =>
              Effect.gen(function* () {
                // The first one may have been running when its process died.
                const again = i === 0 ? { ...turn, attempt: turn.attempt + 1 } : turn
                if (i === 0) yield* turns.advance(of, again, [])
                return {
                  conversation,
                  turn: again,
                  read: yield* readTurn(storage.stores, of, turn)
                }
              })
            )
          })
        )
        for (const { conversation, read, turn } of taken) {
          const caller = yield* resolver.renew({
            tenant: of.tenantId,
            scopes: turn.scopes,
            ...(turn.userId === null ? {} : { user: turn.userId })
          })
          enter({
            caller,
            conversation,
            turn,
            input: read.input,
            live: new LiveTurn(read.facts, read.origins, turn.attempt),
            stopped: conversation.cancelling === turn.position ? "cancelled" : undefined,
            waited: false,
            fiber: undefined,
            onDone: []
          })
        }
      })

      const lease = Effect.fnUntraced(function* (
        { caller, conversation: { fence, id } }: TurnJob,
        leaseUntil: number
      ) {
        yield* storage.transact(
          Effect.gen(function* () {
            const found = yield* conversations.find(caller, id)
            if (Option.isNone(found) || found.value.fence !== fence) return
            yield* conversations.save(caller, { ...found.value, leaseUntil })
          })
        )
      })

      const renewLeases = Effect.suspend(() =>
        Effect.forEach(
          [...lanes.values()].flatMap(([first]) => first ?? []),
          (job) =>
            Effect.flatMap(Clock.currentTimeMillis, (now) => lease(job, now + leaseMs)).pipe(
              Effect.catchCause((cause) => Effect.logWarning("A lease was not renewed.", cause))
            ),
          { discard: true }
        )
      )

      const stop = (job: TurnJob): void => {
        job.stopped ??= "cancelled"
        if (job.fiber !== undefined) job.fiber.interruptUnsafe()
        // One that is next has no fiber for a moment: it starts, sees that it is cancelled, and ends.
        else if (job.live.ended) leave(job)
      }

      const done = (job: TurnJob): Effect.Effect<void> =>
        Effect.callback((resume) => {
          if (jobs.get(joinKey(job.caller.tenantId, job.turn.id)) === job) {
            job.onDone.push(() => resume(Effect.void))
          } else resume(Effect.void)
        })

      // Running turns are handed back: their rows stay unended, their leases are given up, and the
      // next process takes them up at once.
      yield* Scope.addFinalizer(
        scope,
        Effect.suspend(() => {
          closing = true
          const all = [...jobs.values()]
          const left = [...lanes.values()].flatMap(([first]) => first ?? [])
          for (const job of all) {
            job.stopped ??= "closing"
            job.fiber?.interruptUnsafe()
          }
          const running = all.filter(({ fiber }) => fiber !== undefined)
          return Effect.andThen(
            Effect.forEach(running, done, { discard: true }),
            Effect.forEach(
              storage.owners === "one" ? [] : left,
              (job) =>
                Effect.catchCause(lease(job, 0), (cause) =>
                  Effect.logWarning("A lease was not given up; it will run out.", cause)
                ),
              { discard: true }
            )
          )
        })
      )

      return TurnQueue.of({
        owner,
        isOpen: Effect.suspend(() => (closing ? Effect.fail(shutDown) : Effect.void)),
        exclusively: (of, conversationId) => lock(laneKey(of, conversationId)),
        mayLease,
        add: (caller, conversation, turn, input) =>
          enter({
            caller,
            conversation,
            turn,
            input,
            live: new LiveTurn([startedFact(turn, input)], new Map(), 0),
            stopped: undefined,
            waited: false,
            fiber: undefined,
            onDone: []
          }),
        find: (of, turnId) => jobs.get(joinKey(of.tenantId, turnId)),
        has: (of, conversationId) => lanes.has(laneKey(of, conversationId)),
        stop,
        takeUp,
        renewLeases,
        done
      })
    })
  )
}
