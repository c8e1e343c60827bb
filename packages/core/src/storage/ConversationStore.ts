/** Conversations: who they belong to, where their queue stands, and who may write them. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { StorageError } from "../errors.ts"
import { joinKey } from "../ids.ts"
import type { By, Page } from "../Page.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { makeBlockStore } from "./BlockStore.ts"
import { owns } from "./Confine.ts"
import { type KeyValueDriver, type Transaction, within } from "./KeyValue.ts"
import { messages, skipped } from "./MessageStore.ts"
import { type ConversationRecord, conversations, own } from "./OwnConversation.ts"
import { everything, page, table } from "./Table.ts"
import { removeTurns } from "./TurnStore.ts"
import { makeWordStore } from "./WordStore.ts"

const S = Schema.String

export { ConversationRecord } from "./OwnConversation.ts"

/** A step of the turn at `position`: `stored` messages more, and its end if it `ends`. */
export interface Advance {
  readonly fence: number
  readonly position: number
  readonly stored: number
  readonly ends: boolean
}

/** `cancelled`: a cancel came first. `fenced`: another writer has the lease. */
export type Advanced = "advanced" | "cancelled" | "fenced" | "gone"

/** What a maintenance job needs to take up the turns that a dead process left. */
export interface Unended {
  readonly tenantId: string
  readonly userId: string | null
  readonly conversationId: string
}

/** A scope with a user sees that user's conversations only. */
export interface ConversationStore {
  /** Stores it, unless its agent, user and key have one; answers the one that is there now. */
  readonly resolve: (
    scope: TenantScope,
    conversation: ConversationRecord
  ) => Effect.Effect<ConversationRecord, StorageError>
  readonly find: (
    scope: TenantScope,
    id: string
  ) => Effect.Effect<Option.Option<ConversationRecord>, StorageError>
  /** In the order in which they were made. */
  readonly list: (
    scope: TenantScope,
    by: By
  ) => Effect.Effect<Page<ConversationRecord>, StorageError>
  /** Writes it, whole, where it exists. Read it in the same transaction. */
  readonly save: (
    scope: TenantScope,
    conversation: ConversationRecord
  ) => Effect.Effect<void, StorageError>
  /** Counts a step, unless the fence is another one or the turn at `position` is cancelled. */
  readonly advance: (
    scope: TenantScope,
    id: string,
    step: Advance
  ) => Effect.Effect<Advanced, StorageError>
  /**
   * Removes it with its messages, turns, facts, blocks and words; tells whether it was there. The
   * ledger stays.
   */
  readonly delete: (scope: TenantScope, id: string) => Effect.Effect<boolean, StorageError>
}

const byKey = table("conversation-key", S)
/** Of no tenant: conversations with unended turns, for the process that starts next. */
export const unended = table(
  "unended",
  Schema.Struct({ tenantId: S, userId: Schema.NullOr(S), conversationId: S })
)

const keyPath = (scope: TenantScope, c: ConversationRecord) => [
  scope.tenantId,
  c.agentId,
  c.userId ?? "",
  c.key
]

const put = (tx: Transaction, scope: TenantScope, c: ConversationRecord): void => {
  conversations.set(tx, [scope.tenantId, c.id], c)
  const path = ["", scope.tenantId, c.id]
  if (c.unended > 0) {
    unended.set(tx, path, { tenantId: scope.tenantId, userId: c.userId, conversationId: c.id })
  } else unended.remove(tx, path)
}

export const makeConversationStore = (driver: KeyValueDriver): ConversationStore => ({
  resolve: (scope, conversation) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx) {
        if (!owns(scope, conversation.userId)) return conversation
        const path = keyPath(scope, conversation)
        const id = yield* byKey.get(tx, path)
        const found = Option.isSome(id) ? yield* own(tx, scope, id.value) : Option.none()
        if (Option.isSome(found)) return found.value
        const taken = yield* conversations.get(tx, [scope.tenantId, conversation.id])
        if (Option.isSome(taken)) {
          return owns(scope, taken.value.userId) ? taken.value : conversation
        }
        byKey.set(tx, path, conversation.id)
        put(tx, scope, conversation)
        return conversation
      })
    ),
  find: (scope, id) => within(driver, (tx) => own(tx, scope, id)),
  list: (scope, by) =>
    within(driver, (tx) =>
      page(conversations, tx, [scope.tenantId], by, (c) => owns(scope, c.userId))
    ),
  save: (scope, conversation) =>
    within(driver, (tx) =>
      Effect.map(own(tx, scope, conversation.id), (found) => {
        if (Option.isSome(found)) put(tx, scope, { ...conversation, userId: found.value.userId })
      })
    ),
  advance: (scope, id, { ends, fence, position, stored }) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx): Effect.fn.Return<Advanced, StorageError> {
        const found = yield* own(tx, scope, id)
        if (Option.isNone(found)) return "gone"
        const c = found.value
        if (c.fence !== fence) return "fenced"
        if (c.cancelling === position) return "cancelled"
        put(tx, scope, {
          ...c,
          length: c.length + stored,
          unended: c.unended - (ends ? 1 : 0)
        })
        return "advanced"
      })
    ),
  delete: (scope, id) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx) {
        const found = yield* own(tx, scope, id)
        if (Option.isNone(found)) return false
        const path = [scope.tenantId, id]
        for (const { rest } of yield* everything(messages, tx, path)) {
          messages.remove(tx, [scope.tenantId, joinKey(id, rest)])
        }
        for (const { rest } of yield* everything(skipped, tx, path)) {
          skipped.remove(tx, [...path, rest])
        }
        yield* removeTurns(tx, scope, id)
        yield* makeBlockStore(driver).clear(scope, found.value.agentId, id)
        yield* makeWordStore(driver).clear(scope, { kind: "conversation", id })
        conversations.remove(tx, path)
        unended.remove(tx, ["", scope.tenantId, id])
        byKey.remove(tx, keyPath(scope, found.value))
        return true
      })
    )
})
