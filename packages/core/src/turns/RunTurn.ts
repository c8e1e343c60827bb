/** One run of one turn: the backend works, then the turn is given its end. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { AgentDefinition, Definitions } from "../agents/Definitions.ts"
import type { AgentBackend, Running } from "../backend/AgentBackend.ts"
import { asTurnError, BackendError, isRetryable, type StorageError, TurnError } from "../errors.ts"
import { AgentId } from "../ids.ts"
import * as Turnstile from "../internal/Turnstile.ts"
import type { Advanced } from "../storage/ConversationStore.ts"
import type { Storage } from "../storage/Storage.ts"
import { Principal } from "../tenancy/Principal.ts"
import type { Registered } from "../tools/Tools.ts"
import { allowedTools, callTools, leftOpen, withOutcomes } from "./CallTools.ts"
import { commitStep, handBack, type Step } from "./CommitStep.ts"
import type { StopReason } from "./Turn.ts"
import { cancelled, failed, finished } from "./TurnEnd.ts"
import type { TurnJob } from "./TurnJob.ts"
import { turnOf } from "./TurnReading.ts"

interface Parts {
  readonly storage: Storage["Service"]
  readonly backend: AgentBackend["Service"]
  readonly definitions: Definitions["Service"]
  readonly tools: Registered
  /** Ends when this process begins to close. */
  readonly closing: Effect.Effect<void>
}

/** After so many milliseconds each, an end that could not be stored is tried again: 3 s in all. */
const pauses = [50, 100, 200, 400, 800, 1600]

/** Runs of a turn after which it is given up: the first and two more. */
export const maximumRuns = 3

/**
 * Runs a job's turn. Never fails: whatever happens, the turn has an end in the store, except when
 * another process has taken over, the conversation was deleted, or this process is shutting down;
 * then nothing is written and whoever comes next takes it up.
 */
export const runTurn = ({ backend, closing, definitions, storage, tools }: Parts) => {
  /** A driver may commit from several fibers: a turn's commits come one after another [TRN-1]. */
  const inTurn = Turnstile.make()

  /** A step that may be told: readers must not see one text while the store keeps another [TRN-2]. */
  const checked = (job: TurnJob, step: Step): Effect.Effect<Advanced, TurnError> => {
    for (const fact of step.facts) {
      const why = fact._tag === "MessageStored" ? job.live.whyRefused(fact.message) : undefined
      if (why !== undefined) {
        return Effect.fail(
          TurnError.because(
            { _tag: "Malformed", what: "A message of the backend" },
            `The backend "${backend.name}" stored a message that cannot be: ${why}.`
          )
        )
      }
    }
    return asTurnError(commitStep(storage, job, step))
  }

  /** Commits, or stops the run when the turn is not this process' to write any more. */
  const commit = (job: TurnJob, stepOf: () => Step): Effect.Effect<void, TurnError> => {
    const committed = Effect.suspend(() =>
      job.live.ended || job.turn.waiting.length > 0
        ? Effect.fail(
            TurnError.because(
              { _tag: "Conflict", what: "turn", revision: null },
              "The turn has ended, or waits for a person; nothing can be committed to it now."
            )
          )
        : checked(job, stepOf())
    )
    return Effect.flatMap(inTurn(job.turn.id)(committed), (outcome) =>
      outcome === "advanced" ? Effect.void : halt(job, outcome)
    )
  }

  const halt = (job: TurnJob, why: Exclude<Advanced, "advanced">): Effect.Effect<never> =>
    Effect.suspend(() => {
      job.stopped ??= why
      job.fiber?.interruptUnsafe()
      return Effect.interrupt
    })

  const calling = callTools({ tools, commit })

  const runningOf = Effect.fnUntraced(function* (
    job: TurnJob,
    definition: AgentDefinition
  ): Effect.fn.Return<Running, StorageError> {
    const { caller, conversation, live } = job
    const { binding, template } = definition
    const shows = binding._tag === "PerUser" || binding.showUser
    const user =
      shows && Option.isSome(caller.userId)
        ? yield* storage.stores.users.find(caller, caller.userId.value)
        : Option.none()
    return {
      scope: caller,
      agentId: AgentId(conversation.agentId),
      owner: binding._tag === "PerUser" ? caller.userId : Option.none(),
      ref: conversation.agentRef ?? "",
      conversationRef: conversation.ref ?? "",
      turn: turnOf(job.turn, true),
      position: job.turn.position,
      input: job.input,
      template,
      user,
      past: live.facts.slice(1),
      attempt: job.turn.attempt,
      draft: Option.fromNullishOr(job.turn.draft),
      tools: allowedTools(tools, template.tools),
      callTools: calling(job, definition, user),
      emit: (delta) => Effect.sync(() => live.write(delta)),
      abandoned: Effect.sync(() => job.stopped === "cancelled" || job.stopped === "gone"),
      commit: (facts, { stop, writes } = {}) =>
        commit(job, () => {
          const told = withOutcomes(job, facts)
          return {
            facts: stop === undefined ? told : [...told, finished(job, stop, told)],
            ...(writes === undefined ? {} : { writes })
          }
        })
    }
  })

  const lostMeanwhile = Effect.fnUntraced(function* ({ caller, conversation, turn }: TurnJob) {
    const { conversations, turns } = storage.stores
    const now = Option.getOrUndefined(yield* conversations.find(caller, conversation.id))
    const row = Option.getOrUndefined(yield* turns.find(caller, turn.id))
    if (now === undefined || row === undefined || row.end !== null) return "gone" as const
    return now.fence === conversation.fence ? undefined : ("fenced" as const)
  })

  const perform = Effect.fnUntraced(function* (job: TurnJob) {
    if (job.stopped === "cancelled") return "cancelled" as const
    if (job.waited) {
      // No model is called for what was deleted, cancelled or taken over while it waited here.
      const why = yield* lostMeanwhile(job)
      if (why !== undefined) return yield* halt(job, why)
    }
    const died = job.turn.attempt - job.turn.handedBack
    if (died >= maximumRuns) return yield* TurnError.because({ _tag: "Crashed", times: died })
    const definition = yield* definitions.find(job.conversation.template)
    return yield* Effect.scoped(backend.turns.run(yield* runningOf(job, definition)))
  })

  /** The end that a run's exit stands for; `undefined` where nothing may be written. */
  const endOf = (
    job: TurnJob,
    exit: Exit.Exit<StopReason | "waiting", BackendError | TurnError | StorageError>
  ): Effect.Effect<Step | undefined> => {
    if (job.live.ended || job.stopped === "fenced" || job.stopped === "gone") {
      return Effect.succeed(undefined)
    }
    if (job.stopped === "cancelled") return Effect.succeed(cancelled(job))
    // What waits is not this run's to write any more: a decision may have been stored meanwhile.
    if (job.turn.waiting.length > 0) return Effect.succeed(undefined)
    if (job.stopped === "closing" && Exit.isFailure(exit)) return Effect.succeed(undefined)
    if (Exit.isSuccess(exit)) {
      return Effect.succeed(
        exit.value === "waiting"
          ? failed(job, askedNobody(backend.name))
          : { facts: [...leftOpen(job.live.facts, job.outcomes), finished(job, exit.value, [])] }
      )
    }
    const error = Cause.findErrorOption(exit.cause)
    if (Option.isSome(error)) return Effect.succeed(failed(job, error.value))
    // Dead of a defect, or interrupted by itself, which is one.
    return Effect.as(
      Effect.annotateLogs(
        Effect.logError("A backend died of a defect.", exit.cause),
        attributesOf(job)
      ),
      failed(
        job,
        BackendError.because(
          { _tag: "Crashed", times: 1 },
          `The backend "${backend.name}" has a defect; its log says more. Send the message again as a new turn.`
        )
      )
    )
  }

  /** A run that a shutdown ended is told from one that died. */
  const returned = (job: TurnJob): Effect.Effect<void, StorageError> =>
    job.stopped === "closing" && !job.live.ended && job.turn.waiting.length === 0
      ? handBack(storage, job)
      : Effect.void

  /** Stores an end; what keeps the storage from it for a moment costs no other run. */
  const store = (job: TurnJob, end: Step, tries = 0): Effect.Effect<Advanced, StorageError> =>
    Effect.catch(commitStep(storage, job, end), (error) => {
      const pause = isRetryable(error.reason) ? pauses[tries] : undefined
      if (pause === undefined) return Effect.fail(error)
      return Effect.flatMap(
        Effect.raceFirst(
          Effect.as(Effect.interruptible(Effect.sleep(pause)), true),
          Effect.as(Effect.interruptible(closing), false)
        ),
        (again) => (again ? store(job, end, tries + 1) : Effect.fail(error))
      )
    })

  const settle = (
    job: TurnJob,
    exit: Exit.Exit<StopReason | "waiting", BackendError | TurnError | StorageError>
  ): Effect.Effect<void> =>
    Effect.flatMap(
      Effect.suspend(() => endOf(job, exit)),
      (step) =>
        step === undefined
          ? returned(job)
          : Effect.flatMap(store(job, step), (outcome) =>
              // A cancel that was committed first wins over every other end.
              outcome === "cancelled" ? store(job, cancelled(job)) : Effect.void
            )
    ).pipe(
      inTurn(job.turn.id),
      Effect.catchCause((cause) =>
        Effect.annotateLogs(
          Effect.logError(
            "The end of a turn could not be stored; it will be taken up again.",
            cause
          ),
          attributesOf(job)
        )
      )
    )

  return (job: TurnJob): Effect.Effect<void> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(
        // Not at once: the sender joins as a reader before the first event.
        Effect.exit(
          restore(
            Effect.andThen(
              Effect.yieldNow,
              Effect.provideService(perform(job), Principal, job.caller)
            )
          )
        ),
        (exit) => settle(job, exit)
      )
    ).pipe(
      Effect.withSpan(
        `invoke_agent ${job.conversation.template}`,
        {
          attributes: {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": job.conversation.template,
            ...attributesOf(job)
          }
        },
        // A stack would only say where the queue starts its fibers, at a tenth of a turn's price.
        { captureStackTrace: false }
      )
    )
}

/** Whose turn it is, as spans and log records say it. */
const attributesOf = ({ caller, conversation, turn }: TurnJob) => ({
  "gen_ai.agent.id": conversation.agentId,
  "gen_ai.conversation.id": conversation.id,
  "tenant.id": caller.tenantId,
  "turn.id": turn.id
})

const askedNobody = (backend: string) =>
  BackendError.because(
    { _tag: "Malformed", what: "A run's end" },
    `The backend "${backend}" ended a run as "waiting", but no call of the turn waits for a person.`
  )
