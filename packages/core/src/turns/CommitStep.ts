/** The one way in which facts of a running turn come true: a fenced transaction, then the readers. */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type { StorageError } from "../errors.ts"
import type { Advanced } from "../storage/ConversationStore.ts"
import type { LedgerRecord } from "../storage/LedgerStore.ts"
import type { MessageRecord } from "../storage/MessageStore.ts"
import type { Storage } from "../storage/Storage.ts"
import type { End, FactRecord, TurnRecord } from "../storage/TurnStore.ts"
import type { NewFact, StepFact, TurnFact } from "./TurnFact.ts"
import type { TurnJob } from "./TurnJob.ts"
import { countEnd } from "./TurnMetrics.ts"
import { waitsUntil } from "./TurnReading.ts"
import * as Usage from "./Usage.ts"

type Numbered = Exclude<TurnFact, { readonly _tag: "TurnStarted" }>

/**
 * - `draft`: what the backend keeps of its unfinished step; without one, an older one is forgotten.
 * - `waiting`: calls that a person has to decide about; the run ends with it.
 */
export interface Step {
  readonly facts: ReadonlyArray<StepFact>
  readonly writes?: Effect.Effect<void, StorageError>
  readonly draft?: Schema.Json
  readonly waiting?: TurnRecord["waiting"]
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
  { despiteCancel = false, draft = null, facts, waiting = [], writes }: Step
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
      const turn: TurnRecord = {
        ...advanced(job.turn, numbered, at),
        draft,
        waiting,
        // A run that ends to wait for a person has not died.
        handedBack: job.turn.handedBack + (waiting.length > 0 ? 1 : 0)
      }
      const messages = messagesOf(job, numbered)
      const rows = ledgerRows(turn, numbered, at)
      const { conversations, ledger, messages: transcript, turns } = storage.stores
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
            if (rows.length > 0) yield* ledger.append(job.caller, rows)
            if (waiting.length > 0) yield* releaseLease(storage, job, waiting)
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
          Effect.tap((outcome) => {
            if (outcome !== "advanced") return Effect.void
            job.turn = turn
            job.live.store(numbered)
            return turn.end === null ? Effect.void : countEnd(job.conversation.template, turn)
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

/** Model calls, and the turn's counts with the last of them. */
const ledgerRows = (
  turn: TurnRecord,
  facts: ReadonlyArray<Numbered>,
  at: number
): ReadonlyArray<LedgerRecord> => {
  const end = endedRow(turn, at)
  const calls: Array<LedgerRecord> = facts.flatMap((fact): ReadonlyArray<LedgerRecord> => {
    if (fact._tag !== "ModelCalled") return []
    const { finish, model, purpose, sequence, usage } = fact
    return [{ ...end, sequence, call: { finish, model, purpose, usage }, turns: 0, messages: 0 }]
  })
  if (turn.end === null) return calls
  const last = calls.pop() ?? end
  return [...calls, { ...last, turns: end.turns, messages: end.messages }]
}

/** What waits for a person is nobody's to write: whichever process hears the decision takes it up. */
const releaseLease = Effect.fnUntraced(function* (
  { stores: { conversations } }: Storage["Service"],
  { caller, conversation: { id } }: TurnJob,
  waiting: TurnRecord["waiting"]
) {
  const found = yield* conversations.find(caller, id)
  if (Option.isNone(found)) return
  yield* conversations.save(caller, { ...found.value, owner: "", leaseUntil: waitsUntil(waiting) })
})

/** The ledger's row of a turn that ended without another model call. */
export const endedRow = (turn: TurnRecord, at: number): LedgerRecord => ({
  turnId: turn.id,
  sequence: turn.sequence,
  conversationId: turn.conversationId,
  agentId: turn.agentId,
  userId: turn.userId,
  at,
  call: null,
  turns: 1,
  messages: turn.stored
})

/** A run is handed back in order: the next one takes it up, and nobody thinks that it died. */
export const handBack = (
  storage: Storage["Service"],
  job: TurnJob
): Effect.Effect<void, StorageError> =>
  Effect.suspend(() => {
    const turn = { ...job.turn, handedBack: job.turn.handedBack + 1 }
    const { conversations, turns } = storage.stores
    return storage.transact(
      Effect.gen(function* () {
        const found = Option.getOrUndefined(
          yield* conversations.find(job.caller, job.conversation.id)
        )
        if (found?.fence === job.conversation.fence) yield* turns.advance(job.caller, turn, [])
      })
    )
  })

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
