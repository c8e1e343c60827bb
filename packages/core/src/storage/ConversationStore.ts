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
import { everything, padded, page, table } from "./Table.ts"
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

/** What a maintenance job needs to take up the turns of a conversation. */
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

const Listed = Schema.Struct({ tenantId: S, userId: Schema.NullOr(S), conversationId: S })

/**
 * Of no tenant, for maintenance: conversations with unended turns by the moment at which somebody
 * has to look at them. `leased`: some process writes them. `free`: none does.
 */
const leased = table("unended-leased", Listed)
const free = table("unended-free", Listed)

const keyPath = (scope: TenantScope, c: ConversationRecord) => [
  scope.tenantId,
  c.agentId,
  c.userId ?? "",
  c.key
]

const listOf = ({ owner }: ConversationRecord) => (owner === "" ? free : leased)

const listPath = (scope: TenantScope, c: ConversationRecord) => [
  "",
  padded(c.leaseUntil),
  scope.tenantId,
  c.id
]

const unlist = (tx: Transaction, scope: TenantScope, c: ConversationRecord): void => {
  if (c.unended > 0) listOf(c).remove(tx, listPath(scope, c))
}

/** Writes it; `before` is what it was, where it was there. */
const put = (
  tx: Transaction,
  scope: TenantScope,
  c: ConversationRecord,
  before?: ConversationRecord
): void => {
  conversations.set(tx, [scope.tenantId, c.id], c)
  if (before !== undefined) unlist(tx, scope, before)
  if (c.unended === 0) return
  const listed = { tenantId: scope.tenantId, userId: c.userId, conversationId: c.id }
  listOf(c).set(tx, listPath(scope, c), listed)
}

const listUntil = (driver: KeyValueDriver, from: typeof free) => (until: number, by: By) =>
  within(driver, (tx) => page(from, tx, [""], by, undefined, padded(until + 1)))

/** What maintenance lists of conversations. */
export const makeUnendedLists = (driver: KeyValueDriver) => ({
  listLeft: listUntil(driver, leased),
  listDue: listUntil(driver, free)
})

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
        if (Option.isSome(found)) {
          put(tx, scope, { ...conversation, userId: found.value.userId }, found.value)
        }
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
        const unended = c.unended - (ends ? 1 : 0)
        put(tx, scope, { ...c, length: c.length + stored, unended }, c)
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
        unlist(tx, scope, found.value)
        byKey.remove(tx, keyPath(scope, found.value))
        return true
      })
    )
})
