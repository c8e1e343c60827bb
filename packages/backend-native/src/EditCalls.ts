/** Calls that change memory blocks: planned on what was read, written in the step's commit. */
import type { Running } from "@atrium/core/backend/AgentBackend"
import { explain } from "@atrium/core/errors"
import { type Edit, lengthOf } from "@atrium/core/memory/Edit"
import { after, planWrite, type Writer } from "@atrium/core/memory/EditBlock"
import type { BlockRecord, BlockWrite } from "@atrium/core/storage/BlockStore"
import type { ToolCalled, ToolOutcome } from "@atrium/core/tools/ToolSpec"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { mayChange } from "./Blocks.ts"
import * as Outcomes from "./Outcomes.ts"
import { type EditName, inputs } from "./OwnTools.ts"

/** A write to one block, to be made in the step's commit. */
export interface PlannedWrite {
  readonly id: string
  readonly write: BlockWrite
}

/** What the edits of a step come to: outcomes in the order of the calls, and writes in theirs. */
export interface Edited {
  readonly outcomes: ReadonlyArray<ToolOutcome>
  readonly writes: ReadonlyArray<PlannedWrite>
  /** The blocks as they are after the writes. */
  readonly blocks: ReadonlyArray<BlockRecord>
  /** Revisions, by block, that the model knows once it has read the outcomes. */
  readonly seen: Seen
}

/** Revisions of blocks, by their ids. */
export type Seen = Readonly<Record<string, number>>

export const revisionsOf = (blocks: ReadonlyArray<BlockRecord>): Seen =>
  Object.fromEntries(blocks.map(({ id, revision }) => [id, revision]))

/** A call that changes a block. */
export interface EditCall extends ToolCalled {
  readonly name: EditName
}

interface Wanted {
  readonly label: string
  readonly edit: Edit
}

const readers = {
  memory_append: Schema.decodeUnknownOption(inputs.memory_append),
  memory_replace: Schema.decodeUnknownOption(inputs.memory_replace),
  memory_insert: Schema.decodeUnknownOption(inputs.memory_insert),
  memory_rethink: Schema.decodeUnknownOption(inputs.memory_rethink)
}

const wantedBy = ({ input, name }: EditCall): Option.Option<Wanted> => {
  switch (name) {
    case "memory_append":
      return Option.map(readers[name](input), ({ label, text }) => ({
        label,
        edit: { _tag: "Append", text }
      }))
    case "memory_replace":
      return Option.map(readers[name](input), ({ label, old, text }) => ({
        label,
        edit: { _tag: "Replace", old, text }
      }))
    case "memory_insert":
      return Option.map(readers[name](input), ({ label, line, text }) => ({
        label,
        edit: { _tag: "Insert", line, text }
      }))
    case "memory_rethink":
      return Option.map(readers[name](input), ({ label, text }) => ({
        label,
        edit: { _tag: "Rethink", text }
      }))
  }
}

/** The last one of a label is the narrowest: the conversation's before the user's, then the agent's. */
const named = (blocks: ReadonlyArray<BlockRecord>, label: string): BlockRecord | undefined =>
  blocks.findLast((block) => block.label === label && mayChange(block)) ??
  blocks.findLast((block) => block.label === label)

/** Edits that say where they go by what the model saw, so they fit no other text. */
const restsOnWhatWasSeen = ({ _tag }: Edit): boolean => _tag === "Rethink" || _tag === "Insert"

/**
 * Plans the edits of a step one after another, each on what those before it leave. What the model has
 * not seen yet, it is told with the outcome [MEM-3].
 *
 * @param read the blocks as they are now
 * @param seen revisions that the model has seen
 */
export const planEdits = (
  read: ReadonlyArray<BlockRecord>,
  seen: Seen,
  calls: ReadonlyArray<EditCall>,
  writer: Writer,
  at: number
): Edited => {
  let blocks = read
  const outcomes: Array<ToolOutcome> = []
  const writes: Array<PlannedWrite> = []
  const base = revisionsOf(read)
  const known = { ...seen }
  for (const call of calls) {
    const wanted = Option.getOrUndefined(wantedBy(call))
    if (wanted === undefined) {
      outcomes.push(Outcomes.malformed(call))
      continue
    }
    const block = named(blocks, wanted.label)
    if (block === undefined) {
      const labels = blocks.filter(mayChange).map((one) => one.label)
      outcomes.push(Outcomes.failed(call, "No block has this label.", { labels }))
      continue
    }
    if (!mayChange(block)) {
      outcomes.push(Outcomes.failed(call, `You may only read the block "${block.label}".`))
      continue
    }
    const isNews = seen[block.id] !== base[block.id]
    if (isNews && restsOnWhatWasSeen(wanted.edit)) {
      known[block.id] = block.revision
      outcomes.push(
        Outcomes.failed(
          call,
          "The block was changed meanwhile. Decide again by what it holds now.",
          {
            now: block.value
          }
        )
      )
      continue
    }
    const result = planWrite(block, wanted.edit, writer, at)
    if (result._tag === "Failure") {
      outcomes.push(Outcomes.failed(call, explain(result.failure)))
      continue
    }
    const write = result.success
    const next = after(block, write)
    blocks = blocks.map((one) => (one.id === block.id ? next : one))
    writes.push({ id: block.id, write })
    known[block.id] = next.revision
    const { label, limit, value } = next
    const told = { label, characters: lengthOf(value), limit }
    outcomes.push(Outcomes.done(call, isNews ? { ...told, now: value } : told))
  }
  return { outcomes, writes, blocks, seen: known }
}

/** Who writes: the agent, in this turn; what comes after foreign text is marked so. */
export const writerOf = ({ agentId, turn }: Running, foreign: boolean): Writer => ({
  by: agentId,
  turnId: turn.id,
  trust: foreign ? "derived" : "user",
  operator: false
})
