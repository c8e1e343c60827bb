/** The row of a conversation, and whose it is: what is written into one is confined by it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { StorageError } from "../errors.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { owns } from "./Confine.ts"
import type { Transaction } from "./KeyValue.ts"
import { table } from "./Table.ts"

const S = Schema.String
const N = Schema.Int

/**
 * A conversation as it is kept.
 * - `ref`, `agentRef`: what the backend calls the conversation and its agent; null until opened.
 * - `position`: that of the newest turn, from 1; it orders turns, and time does not.
 * - `unended`: turns that are queued, running or waiting.
 * - `fence`: rises with every new lease; a commit with an older one is refused [TRN-8].
 * - `owner`, `leaseUntil`: the process that writes, and until when it may be thought alive. Where
 *   unended turns have no owner, they wait for a person until `leaseUntil`, or were just decided.
 * - `cancelling`: position of the turn whose next commit is refused, 0 for none.
 */
export const ConversationRecord = Schema.Struct({
  id: S,
  agentId: S,
  template: S,
  userId: Schema.NullOr(S),
  key: S,
  title: S,
  ref: Schema.NullOr(S),
  agentRef: Schema.NullOr(S),
  length: N,
  position: N,
  unended: N,
  fence: N,
  owner: S,
  leaseUntil: N,
  cancelling: N,
  createdAt: N,
  lastTurnAt: Schema.NullOr(N)
})
export type ConversationRecord = typeof ConversationRecord.Type

export const conversations = table("conversation", ConversationRecord)

/** The conversation, when it is there and the scope's. */
export const own = (
  tx: Transaction,
  scope: TenantScope,
  id: string
): Effect.Effect<Option.Option<ConversationRecord>, StorageError> =>
  Effect.map(
    conversations.get(tx, [scope.tenantId, id]),
    Option.filter((c) => owns(scope, c.userId))
  )
