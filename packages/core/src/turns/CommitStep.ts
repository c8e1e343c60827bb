/** The one way in which facts of a running turn come true: a fenced transaction, then the readers. */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { StorageError } from "../errors.ts"
import type { Advanced } from "../storage/ConversationStore.ts"
import type { MessageRecord } from "../storage/MessageStore.ts"
import type { Storage } from "../storage/Storage.ts"
import type { End, FactRecord, TurnRecord } from "../storage/TurnStore.ts"
import type { NewFact, TurnFact } from "./TurnFact.ts"
import type { TurnJob } from "./TurnJob.ts"
import * as Usage from "./Usage.ts"

/** `TurnStarted` is told by the turn's own row, written at begin. */
type StepFact = Exclude<NewFact, { readonly _tag: "TurnStarted" }>
type Numbered = Exclude<TurnFact, { readonly _tag: "TurnStarted" }>

export interface Step {
  readonly facts: ReadonlyArray<StepFact>
  readonly writes?: Effect.Effect<void, StorageError>
  /** Written even though the turn is cancelled: it is how a cancelled turn ends. */
  readonly despiteCancel?: boolean
}

/**
 * Commits a step of a job's turn: numbers its facts, checks fence and cancel, stores messages, facts
 * and the turn's row together, then tells the readers. Answers `advanced`, or why nothing was
 * written. Uninterruptible: what was committed is told.
 */
export const commitStep = (
  storage: Storage["Service"],
  job: TurnJob,
  { despiteCancel = false, facts, writes }: Step
): Effect.Effect<Advanced, StorageError> =>
  Effect.uninterruptible(
    Effect.flatMap(Clock.currentTimeMillis, (at) => {
      const numbered = facts.map(
        (fact, i): Numbered => ({
          ...stamped(job, fact, at),
          sequence: job.turn.sequence + 1 + i,
          at
        })
      )
      const turn = advanced(job.turn, numbered, at)
      const messages = messagesOf(job, numbered)
      const { conversations, messages: transcript, turns } = storage.stores
      return storage
        .transact(
          Effect.gen(function* () {
            const outcome = yield* conversations.advance(job.caller, job.conversation.id, {
              fence: job.conversation.fence,
              position: despiteCancel ? -1 : turn.position,
              stored: messages.length,
              ends: turn.end !== null
            })
            if (outcome !== "advanced") return outcome
            const records = numbered.map((fact) => recordOf(job, fact))
            if (!(yield* turns.advance(job.caller, turn, records))) return yield* alreadyEnded
            if (writes !== undefined) yield* writes
            if (messages.length > 0) yield* transcript.append(job.caller, messages)
            if (turn.end?._tag === "Failed") {
              yield* transcript.skip(job.caller, job.conversation.id, turn.position)
            }
            return outcome
          })
        )
        .pipe(
          Effect.catchIf(
            (error) => error instanceof AlreadyEnded,
            () => Effect.succeed("gone" as const)
          ),
          Effect.map((outcome) => {
            if (outcome === "advanced") {
              job.turn = turn
              job.live.store(numbered)
            }
            return outcome
          })
        )
    })
  )

/** Core says of which turn a message is and when it was stored, whatever the driver said. */
const stamped = (job: TurnJob, fact: StepFact, at: number): StepFact =>
  fact._tag === "MessageStored"
    ? { ...fact, message: { ...fact.message, turnId: job.turn.id, at } }
    : fact

/** Rolls the step back: a cancel ended the turn while it waited in the queue. */
class AlreadyEnded extends Data.TaggedError("AlreadyEnded") {}
const alreadyEnded = Effect.suspend(() => Effect.fail(new AlreadyEnded()))

/** The turn's row after these facts. */
const advanced = (turn: TurnRecord, facts: ReadonlyArray<TurnFact>, at: number): TurnRecord => {
  let { stored, usage } = turn
  let end: End | null = turn.end
  for (const fact of facts) {
    if (fact._tag === "MessageStored") stored += 1
    else if (fact._tag === "ModelCalled") usage = Usage.add(usage, fact.usage)
    else if (fact._tag === "TurnFinished") end = { _tag: "Finished", stop: fact.stop }
    else if (fact._tag === "TurnFailed") {
      end = { _tag: "Failed", reason: fact.reason, message: fact.message }
    }
  }
  const sequence = turn.sequence + facts.length
  return { ...turn, sequence, stored, usage, end, endedAt: end === null ? null : at }
}

const messagesOf = (job: TurnJob, facts: ReadonlyArray<TurnFact>): ReadonlyArray<MessageRecord> => {
  const records: Array<MessageRecord> = []
  for (const fact of facts) {
    if (fact._tag !== "MessageStored") continue
    records.push({
      conversationId: job.conversation.id,
      userId: job.turn.userId,
      position: job.turn.position,
      index: job.turn.stored + records.length,
      message: fact.message
    })
  }
  return records
}

const recordOf = ({ live }: TurnJob, fact: Numbered): FactRecord => {
  return fact._tag === "MessageStored"
    ? {
        _tag: "MessageStored",
        sequence: fact.sequence,
        at: fact.at,
        messageId: fact.message.id,
        ...live.originOf(fact.message.id)
      }
    : fact
}

/** The usage a turn ends with. */
export const usageWith = (turn: TurnRecord, facts: ReadonlyArray<NewFact>): Usage.Usage =>
  facts.reduce(
    (usage, fact) => (fact._tag === "ModelCalled" ? Usage.add(usage, fact.usage) : usage),
    turn.usage
  )
