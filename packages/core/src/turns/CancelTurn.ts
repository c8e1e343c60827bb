/** Cancel against commit: whoever commits first wins [TRN-6]. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type StorageError, TurnError } from "../errors.ts"
import type { Storage } from "../storage/Storage.ts"
import type { TurnRecord } from "../storage/TurnStore.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { leftOpen } from "./CallTools.ts"
import { endedRow } from "./CommitStep.ts"
import type { TurnFact } from "./TurnFact.ts"
import type { TurnJob } from "./TurnJob.ts"
import { countEnd } from "./TurnMetrics.ts"
import type { TurnQueue } from "./TurnQueue.ts"

interface Parts {
  readonly storage: Storage["Service"]
  readonly queue: TurnQueue["Service"]
}

/**
 * Cancels a turn of the scope. A running one is marked, so that its next commit is refused, and
 * stopped; its partial text is kept. One that waits in the queue or for a decision is ended here.
 * - `held`: for who is alone with the conversation already; answers the job to wait for, if any.
 * - `cancel`: returns when the turn has ended, or, where another process runs it, when it is marked.
 */
export const cancelTurn = ({ queue, storage }: Parts) => {
  const { conversations, ledger, turns } = storage.stores

  /** Marks the turn, or ends it where nothing runs; `behind`: turns that nobody runs after it. */
  const mark = Effect.fnUntraced(function* (scope: TenantScope, id: string, at: number) {
    const turn = Option.getOrUndefined(yield* turns.find(scope, id))
    if (turn === undefined) return yield* TurnError.because({ _tag: "NotFound", what: "turn" })
    const conversation = Option.getOrUndefined(
      yield* conversations.find(scope, turn.conversationId)
    )
    if (conversation === undefined) {
      return yield* TurnError.because({ _tag: "Gone", what: "conversation" })
    }
    if (turn.end !== null) {
      return yield* TurnError.because(
        { _tag: "Conflict", what: "turn", revision: null },
        "The turn has ended already."
      )
    }
    const [first] = yield* turns.unended(scope, turn.conversationId)
    if (first?.id === id && turn.waiting.length === 0) {
      yield* conversations.save(scope, { ...conversation, cancelling: turn.position })
      return undefined
    }
    const told = turn.sequence === 1 ? [] : yield* turns.facts(scope, turn, 2)
    const { facts, turn: over } = cancelledInQueue(turn, leftOpen(told, new Map()), at)
    yield* turns.advance(scope, over, facts)
    yield* ledger.append(scope, [endedRow(over, at)])
    const waited = turn.waiting.length > 0
    yield* conversations.save(scope, {
      ...conversation,
      unended: conversation.unended - 1,
      // Those behind it are due now.
      ...(waited ? { leaseUntil: 0 } : {})
    })
    const { template } = conversation
    return { facts, template, turn: over, waited }
  })

  const held = Effect.fnUntraced(function* (
    scope: TenantScope,
    conversationId: string,
    id: string
  ): Effect.fn.Return<TurnJob | undefined, TurnError | StorageError> {
    const at = yield* Clock.currentTimeMillis
    const ended = yield* storage.transact(mark(scope, id, at))
    if (ended !== undefined) yield* countEnd(ended.template, ended.turn)
    if (ended?.waited === true) {
      // Decisions may have been stored beside the run that asked: its readers read them there.
      yield* queue.takeUp(scope, conversationId).pipe(
        // The cancel stands; the next round of leases takes up those behind.
        Effect.catchCause((cause) =>
          Effect.logWarning("Turns behind a cancelled one could not be taken up yet.", cause)
        )
      )
      return undefined
    }
    const job = queue.find(scope, id)
    if (job !== undefined) {
      if (ended !== undefined) {
        job.turn = ended.turn
        job.live.store(ended.facts)
      }
      // What is marked is stopped, also when the canceller leaves now.
      queue.stop(job)
    }
    return job
  })

  return {
    held,
    cancel: (
      scope: TenantScope,
      conversationId: string,
      id: string
    ): Effect.Effect<void, TurnError | StorageError> =>
      Effect.flatMap(
        queue.exclusively(scope, conversationId)(held(scope, conversationId, id)),
        (job) => (job === undefined ? Effect.void : queue.done(job))
      )
  }
}

type Ending = Extract<TurnFact, { readonly _tag: "ToolFinished" | "TurnFinished" }>

/** `open`: what it has to tell of tools that an earlier run began. */
const cancelledInQueue = (
  turn: TurnRecord,
  open: ReturnType<typeof leftOpen>,
  at: number
): { readonly turn: TurnRecord; readonly facts: ReadonlyArray<Ending> } => {
  const told = open.map((fact, n) => ({ ...fact, sequence: turn.sequence + 1 + n, at }))
  const sequence = turn.sequence + told.length + 1
  return {
    turn: {
      ...turn,
      sequence,
      draft: null,
      waiting: [],
      end: { _tag: "Finished", stop: "cancelled" },
      endedAt: at
    },
    facts: [...told, { _tag: "TurnFinished", sequence, at, stop: "cancelled", usage: turn.usage }]
  }
}
