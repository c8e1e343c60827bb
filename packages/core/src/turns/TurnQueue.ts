/**
 * One turn at a time for each conversation, in the order of their positions; conversations side by
 * side [TRN-4, TRN-5]. A turn belongs to this queue and not to the request that sent it, so a client
 * that leaves cancels nothing [TRN-6].
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { Definitions } from "../agents/Definitions.ts"
import { AgentBackend } from "../backend/AgentBackend.ts"
import type { Message } from "../conversations/Message.ts"
import { type StorageError, type TenancyError, TurnError } from "../errors.ts"
import { fresh, joinKey } from "../ids.ts"
import * as Turnstile from "../internal/Turnstile.ts"
import type { ConversationRecord } from "../storage/ConversationStore.ts"
import { Storage } from "../storage/Storage.ts"
import type { TurnRecord } from "../storage/TurnStore.ts"
import type { Caller, TenantScope } from "../tenancy/Principal.ts"
import { TenantResolver } from "../tenancy/TenantResolver.ts"
import { Tools } from "../tools/Tools.ts"
import { closeQueue } from "./CloseQueue.ts"
import { keepLeases } from "./KeepLeases.ts"
import { type Lane, readLeftTurns } from "./LeftTurns.ts"
import { LiveTurn } from "./LiveTurn.ts"
import { runTurn } from "./RunTurn.ts"
import type { TurnFact } from "./TurnFact.ts"
import type { TurnJob } from "./TurnJob.ts"
import { startedFact } from "./TurnReading.ts"

const shutDown = TurnError.because(
  { _tag: "Unreachable", host: "this process" },
  "This process shuts down. Send again."
)

const startedCalls = (facts: ReadonlyArray<TurnFact>): ReadonlySet<string> =>
  new Set(facts.flatMap((fact) => (fact._tag === "ToolStarted" ? fact.callId : [])))

/** A conversation that may have turns which nobody runs. */
export interface Doubt {
  readonly scope: TenantScope
  readonly conversationId: string
}

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
    /** True while this process has every unended turn of the conversation, under its own lease. */
    readonly hasAll: (scope: TenantScope, conversation: ConversationRecord) => boolean
    /** Stops a turn, which then ends; one that has not begun just leaves the queue. */
    readonly stop: (job: TurnJob) => void
    /**
     * Takes on the turns of a conversation that nobody has: a dead process left them, or another one
     * began them under this process' lease. Call it exclusively.
     */
    readonly takeUp: (
      scope: TenantScope,
      conversationId: string
    ) => Effect.Effect<void, StorageError | TenancyError>
    /** A conversation was deleted: its turns stop and leave. Call it exclusively. */
    readonly forget: (scope: TenantScope, conversationId: string) => void
    /** Has the conversation looked at in the next round: a turn may be stored that nobody runs. */
    readonly doubt: (scope: TenantScope, conversationId: string) => void
    /** The conversations in doubt, which then are so no more. */
    readonly takeDoubts: () => ReadonlyArray<Doubt>
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
      const closes = Latch.makeUnsafe()
      const run = runTurn({
        storage,
        backend,
        definitions,
        tools: yield* Tools,
        closing: closes.await
      })

      const lock = Turnstile.make()
      const lanes = new Map<string, Lane>()
      const jobs = new Map<string, TurnJob>()
      const doubts = new Map<string, Doubt>()
      let closing = false
      /** Turns that were being stored when this process began to close. */
      const unstarted: Array<TurnJob> = []

      const laneKey = (of: TenantScope, conversationId: string) =>
        joinKey(of.tenantId, conversationId)

      const doubt = (of: TenantScope, conversationId: string): void => {
        doubts.set(laneKey(of, conversationId), { scope: of, conversationId })
      }

      /** Readers and those who wait for the turn find it in the store, or with who has it now. */
      const letGo = (job: TurnJob): void => {
        const id = joinKey(job.caller.tenantId, job.turn.id)
        if (jobs.get(id) === job) jobs.delete(id)
        job.live.close()
        for (const done of job.onDone) done()
      }

      const leave = (job: TurnJob): void => {
        const key = laneKey(job.caller, job.conversation.id)
        const lane = lanes.get(key)
        const lost = !job.live.ended && job.stopped !== "gone" && job.stopped !== "fenced"
        letGo(job)
        if (lane === undefined || !lane.jobs.includes(job)) return
        if (lost && !closing) {
          // It waits for a person, or its end could not be stored. Those behind it wait for it: whoever
          // decides, or the next round, takes all up.
          drop(key, lane)
          if (job.turn.waiting.length === 0) doubt(job.caller, job.conversation.id)
          return
        }
        const [first] = lane.jobs
        lane.jobs = lane.jobs.filter((other) => other !== job)
        const [next] = lane.jobs
        if (next === undefined) {
          lanes.delete(key)
          // Another process may have begun a turn meanwhile, and left it to this one's lease.
          if (storage.owners === "many") doubt(job.caller, job.conversation.id)
        } else if (first === job && !closing) start(next)
      }

      /** Another process has written since: nothing of these turns can be written here any more. */
      const drop = (key: string, lane: Lane): void => {
        lanes.delete(key)
        for (const job of lane.jobs) {
          job.stopped ??= "fenced"
          letGo(job)
          if (job.fiber === undefined || job.fiber.pollUnsafe() !== undefined) leave(job)
          else job.fiber.interruptUnsafe()
        }
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
          unstarted.push(job)
          job.live.close()
          return job
        }
        jobs.set(joinKey(job.caller.tenantId, job.turn.id), job)
        const { fence } = job.conversation
        const seen = job.turn.position
        if (lane === undefined) {
          lanes.set(key, { jobs: [job], fence, seen })
          start(job)
        } else {
          job.waited = true
          lane.jobs.push(job)
          lane.fence = fence
          lane.seen = Math.max(lane.seen, seen)
        }
        return job
      }

      const mayLease = (conversation: ConversationRecord, now: number): boolean =>
        conversation.owner === owner ||
        conversation.owner === "" ||
        conversation.unended === 0 ||
        storage.owners === "one" ||
        conversation.leaseUntil <= now

      const isOurs = (lane: Lane, conversation: ConversationRecord): boolean =>
        conversation.owner === owner && conversation.fence === lane.fence

      const leftTurns = readLeftTurns({
        storage,
        resolver,
        owner,
        laneOf: (of, found) => {
          const lane = lanes.get(laneKey(of, found.id))
          return lane !== undefined && isOurs(lane, found) ? lane : undefined
        },
        mayLease
      })

      const takeUpNow = Effect.fnUntraced(function* (of: TenantScope, conversationId: string) {
        // Stored as it is: a run is counted where there is one.
        if (closing) return
        const key = laneKey(of, conversationId)
        const before = lanes.get(key)
        // The run that asked a person has nothing to write any more, and need not end by itself.
        if (before?.jobs[0] !== undefined && before.jobs[0].turn.waiting.length > 0) {
          drop(key, before)
        }
        const { callers, position, taken } = yield* leftTurns(of, conversationId)
        const lane = lanes.get(key)
        const [first] = taken
        if (lane !== undefined && first !== undefined && first.conversation.fence !== lane.fence) {
          drop(key, lane)
        }
        for (const [i, { conversation, read, turn }] of taken.entries()) {
          const caller = callers[i]
          if (caller === undefined) continue
          enter({
            caller,
            conversation,
            turn,
            input: read.input,
            live: new LiveTurn(read.facts, read.origins, turn.attempt),
            stopped: conversation.cancelling === turn.position ? "cancelled" : undefined,
            waited: false,
            inherited: startedCalls(read.facts),
            calls: new Map(),
            outcomes: new Map(),
            fiber: undefined,
            onDone: new Set()
          })
        }
        const entered = lanes.get(key)
        if (entered !== undefined) entered.seen = Math.max(entered.seen, position)
      })

      const takeUp = (of: TenantScope, conversationId: string) =>
        Effect.onError(takeUpNow(of, conversationId), () =>
          Effect.sync(() => doubt(of, conversationId))
        )

      const leases = keepLeases({
        storage,
        owner,
        laneOf: ({ caller, conversation }) => lanes.get(laneKey(caller, conversation.id)),
        doubt: ({ caller, conversation }) => doubt(caller, conversation.id)
      })

      const renewLeases = Effect.suspend(() =>
        leases.renew(
          [...lanes.values()].flatMap(({ jobs: [first] }) =>
            first === undefined || first.turn.waiting.length > 0 ? [] : first
          )
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
          if (jobs.get(joinKey(job.caller.tenantId, job.turn.id)) !== job) {
            resume(Effect.void)
            return undefined
          }
          const tell = () => resume(Effect.void)
          job.onDone.add(tell)
          return Effect.sync(() => job.onDone.delete(tell))
        })

      // Running turns are handed back: their rows stay unended, their leases are given up, and the
      // next process takes them up at once.
      yield* Scope.addFinalizer(
        scope,
        Effect.suspend(() => {
          closing = true
          closes.openUnsafe()
          const all = [...jobs.values()]
          const left = [...lanes.values()].flatMap(({ jobs: [first] }) => first ?? [])
          for (const job of all) {
            job.stopped ??= "closing"
            job.fiber?.interruptUnsafe()
          }
          return closeQueue({
            running: all.filter(({ fiber }) => fiber !== undefined),
            stored: lock.idle,
            storing: lock.inside,
            done,
            giveUpLeases: Effect.suspend(() => leases.giveUp([...left, ...unstarted]))
          })
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
            inherited: new Set(),
            calls: new Map(),
            outcomes: new Map(),
            fiber: undefined,
            onDone: new Set()
          }),
        find: (of, turnId) => jobs.get(joinKey(of.tenantId, turnId)),
        hasAll: (of, conversation) => {
          const lane = lanes.get(laneKey(of, conversation.id))
          return (
            lane !== undefined && isOurs(lane, conversation) && conversation.position <= lane.seen
          )
        },
        stop,
        takeUp,
        forget: (of, conversationId) => {
          const key = laneKey(of, conversationId)
          const lane = lanes.get(key)
          if (lane === undefined) return
          for (const job of lane.jobs) job.stopped ??= "gone"
          drop(key, lane)
        },
        doubt,
        takeDoubts: () => {
          const all = [...doubts.values()]
          doubts.clear()
          return all
        },
        renewLeases,
        done
      })
    })
  )
}
