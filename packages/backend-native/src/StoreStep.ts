/** Commits a step: the call of the model, its message, the results, and what was remembered, together. */
import type { Running } from "@atrium/core/backend/AgentBackend"
import { type Message, toolMessage } from "@atrium/core/conversations/Message"
import { StorageError, type TurnError } from "@atrium/core/errors"
import * as Passages from "@atrium/core/memory/Passages"
import type { BlockRecord } from "@atrium/core/storage/BlockStore"
import type { Storage } from "@atrium/core/storage/Storage"
import type { ToolOutcome } from "@atrium/core/tools/ToolSpec"
import type { StopReason } from "@atrium/core/turns/Turn"
import type { Told } from "@atrium/core/turns/TurnFact"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type Draft, messageOf } from "./Draft.ts"
import { type Edited, type PlannedWrite, planEdits, type Seen, writerOf } from "./EditCalls.ts"
import * as Outcomes from "./Outcomes.ts"
import { ownName } from "./OwnTools.ts"
import type { Ran } from "./RunTools.ts"

/** Times the edits of a step are planned anew, because other turns change the same blocks. */
const maximumPlans = 20

/** What a step is stored with. */
export interface StoreOptions {
  readonly draft: Draft
  readonly ran: Ran
  /** The message of the results. */
  readonly resultsId: string
  /** The blocks as they were last read. */
  readonly blocks: ReadonlyArray<BlockRecord>
  readonly foreign: boolean
  readonly stop: StopReason | undefined
}

/** What was stored, the blocks as they are now, and what the model knows of them. */
export interface Stored extends Pick<Edited, "blocks" | "seen"> {
  readonly messages: ReadonlyArray<Message>
}

/** The call of the model that a step is. */
export const calledOf = ({ finish, model, usage }: Draft): Told => ({
  _tag: "ModelCalled",
  purpose: "chat",
  model,
  usage,
  finish
})

const editedFacts = (writes: ReadonlyArray<PlannedWrite>): ReadonlyArray<Told> =>
  writes.map(({ id, write }) => ({
    _tag: "BlockEdited",
    blockId: id,
    revision: write.expected + 1
  }))

/** What became of our own calls; core tells it of the app's. */
const ownFacts = ({ calls }: Ran, outcomes: ReadonlyArray<ToolOutcome>): ReadonlyArray<Told> =>
  calls.flatMap(({ callId, name }): ReadonlyArray<Told> => {
    const outcome = outcomes.find((other) => other.callId === callId)?.outcome
    return ownName(name) === undefined || outcome === undefined
      ? []
      : [
          { _tag: "ToolStarted", callId, name },
          { _tag: "ToolFinished", callId, outcome }
        ]
  })

/** Given up: the blocks change faster than they can be read. */
const unplanned = ({ edits }: Ran, blocks: ReadonlyArray<BlockRecord>, seen: Seen): Edited => ({
  outcomes: edits.map((call) =>
    Outcomes.failed(call, "The block is being changed by somebody else. Try again.")
  ),
  writes: [],
  blocks,
  seen
})

/**
 * Stores the step. Where another turn has changed a block since it was read, the edits are planned
 * again on what it holds now, so that neither change is lost [MEM-3]. Calls and results are in one
 * commit [TRN-7].
 */
export const storeStep = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  turn: Running,
  { blocks, draft, foreign, ran, resultsId, stop }: StoreOptions
): Effect.fn.Return<Stored, TurnError | StorageError> {
  const { stores } = storage
  const { agentId, scope } = turn
  const { seen } = draft
  const message = messageOf(draft)
  let read = blocks
  for (let n = 0; ; n++) {
    const at = yield* Clock.currentTimeMillis
    const edited =
      n < maximumPlans
        ? planEdits(read, seen, ran.edits, writerOf(turn, foreign), at)
        : unplanned(ran, read, seen)
    const planned = new Map(edited.outcomes.map((outcome) => [outcome.callId, outcome]))
    const outcomes = ran.calls.flatMap(
      ({ callId }) => ran.outcomes.get(callId) ?? planned.get(callId) ?? []
    )
    const results = toolMessage(resultsId, outcomes)
    const messages = ran.calls.length === 0 ? [message] : [message, results]
    const facts: ReadonlyArray<Told> = [
      calledOf(draft),
      { _tag: "MessageStored", message },
      ...ownFacts(ran, outcomes),
      ...(ran.calls.length === 0 ? [] : [{ _tag: "MessageStored" as const, message: results }]),
      ...editedFacts(edited.writes)
    ]
    let conflicts = false
    const writes = Effect.gen(function* () {
      conflicts = false
      for (const { id, write } of edited.writes) {
        if ((yield* stores.blocks.write(scope, id, write)) === "written") continue
        conflicts = true
        return yield* StorageError.because({ _tag: "Conflict", what: "block", revision: null })
      }
      for (const passage of ran.passages) {
        yield* Passages.insert(storage, scope, passage.archive, [passage])
      }
    })
    const isWriting = edited.writes.length > 0 || ran.passages.length > 0
    const committed = yield* Effect.result(
      turn.commit(facts, {
        ...(stop === undefined ? {} : { stop }),
        ...(isWriting ? { writes } : {})
      })
    )
    if (committed._tag === "Success") {
      return { messages, blocks: edited.blocks, seen: edited.seen }
    }
    if (!conflicts) return yield* committed.failure
    read = yield* stores.blocks.list(scope, agentId, turn.turn.conversationId)
  }
})
