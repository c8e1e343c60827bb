/** A labelled, bounded text that is always in the prompt. */
import * as Option from "effect/Option"
import type { Owner } from "../agents/AgentTemplate.ts"
import { BlockId, ConversationId } from "../ids.ts"
import type { BlockRecord, Trust } from "../storage/BlockStore.ts"

/**
 * A block.
 * - `conversationId`: the only conversation it is part of; `None` for all with its agent.
 * - `limit`: of `value`, in characters (code points) [MEM-1].
 * - `readOnly`: refused to agents and users, open to the operator [MEM-2].
 * - `revision`: from 1, one more with every change; name it when you write [MEM-3].
 * - `trust`: the least trusted of those whose text it holds.
 */
export interface Block {
  readonly id: BlockId
  readonly label: string
  readonly description: string
  readonly value: string
  readonly owner: Owner
  readonly conversationId: Option.Option<ConversationId>
  readonly limit: number
  readonly readOnly: boolean
  readonly revision: number
  readonly trust: Trust
}

/** Limit of a block whose template names none, in characters (code points). */
export const defaultBlockLimit = 2000

/** The block that a record keeps. */
export const blockOf = (record: BlockRecord): Block => ({
  id: BlockId(record.id),
  label: record.label,
  description: record.description,
  value: record.value,
  owner: record.owner,
  conversationId: Option.map(Option.fromNullishOr(record.conversationId), ConversationId),
  limit: record.limit,
  readOnly: record.readOnly,
  revision: record.revision,
  trust: record.trust
})
