/** The transcript. A message is written once and never rewritten. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Message } from "../conversations/Message.ts"
import type { StorageError } from "../errors.ts"
import type { By, Page } from "../Page.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { owns } from "./Confine.ts"
import { type KeyValueDriver, within } from "./KeyValue.ts"
import { own } from "./OwnConversation.ts"
import { everything, padded, page, table } from "./Table.ts"

/**
 * A message and its place: turns of a conversation have rising positions, messages of a turn rising
 * indexes from 0, the user's.
 */
export const MessageRecord = Schema.Struct({
  conversationId: Schema.String,
  userId: Schema.NullOr(Schema.String),
  position: Schema.Int,
  index: Schema.Int,
  message: Message
})
export type MessageRecord = typeof MessageRecord.Type

/** A scope with a user sees the messages of that user's conversations only. */
export interface MessageStore {
  /**
   * Writes each message whose conversation is the scope's and whose place is free; what stands at a
   * place stays [ISO-2].
   */
  readonly append: (
    scope: TenantScope,
    records: ReadonlyArray<MessageRecord>
  ) => Effect.Effect<void, StorageError>
  /** A page of a conversation in the order of turns, each whole: user, then the rest. */
  readonly list: (
    scope: TenantScope,
    conversationId: string,
    by: By
  ) => Effect.Effect<Page<Message>, StorageError>
  /** The messages of one turn, in order. */
  readonly ofTurn: (
    scope: TenantScope,
    conversationId: string,
    position: number
  ) => Effect.Effect<ReadonlyArray<Message>, StorageError>
  /**
   * The newest `limit` messages of turns before `position`, oldest first, without those of failed
   * turns [TRN-10].
   */
  readonly recent: (
    scope: TenantScope,
    conversationId: string,
    position: number,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Message>, StorageError>
  /** Keeps the messages of a failed turn out of `recent`; they stay in the transcript. */
  readonly skip: (
    scope: TenantScope,
    conversationId: string,
    position: number
  ) => Effect.Effect<void, StorageError>
}

export const messages = table("message", MessageRecord)
/** Positions of failed turns. */
export const skipped = table("skipped", Schema.Boolean)

const place = (record: MessageRecord) => [padded(record.position), padded(record.index)]

export const makeMessageStore = (driver: KeyValueDriver): MessageStore => ({
  append: (scope, records) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx) {
        for (const record of records) {
          const conversation = yield* own(tx, scope, record.conversationId)
          if (Option.isNone(conversation) || conversation.value.userId !== record.userId) continue
          const path = [scope.tenantId, record.conversationId, ...place(record)]
          if (Option.isNone(yield* messages.get(tx, path))) messages.set(tx, path, record)
        }
      })
    ),
  list: (scope, conversationId, by) =>
    within(driver, (tx) =>
      Effect.map(
        page(messages, tx, [scope.tenantId, conversationId], by, ({ userId }) =>
          owns(scope, userId)
        ),
        ({ items, next }) => ({ items: items.map(({ message }) => message), next })
      )
    ),
  ofTurn: (scope, conversationId, position) =>
    within(driver, (tx) =>
      Effect.map(
        everything(messages, tx, [scope.tenantId, conversationId, padded(position)]),
        (found) => found.flatMap(({ record }) => (owns(scope, record.userId) ? record.message : []))
      )
    ),
  recent: (scope, conversationId, position, limit) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx) {
        const path = [scope.tenantId, conversationId]
        const found: Array<Message> = []
        let after = padded(position)
        while (found.length < limit) {
          const batch = yield* messages.scan(tx, path, { after, limit, reverse: true })
          for (const { record } of batch) {
            const skip = yield* skipped.get(tx, [...path, padded(record.position)])
            if (owns(scope, record.userId) && Option.isNone(skip)) found.push(record.message)
          }
          const last = batch[batch.length - 1]
          if (batch.length < limit || last === undefined) break
          after = last.rest
        }
        return found.slice(0, limit).reverse()
      })
    ),
  skip: (scope, conversationId, position) =>
    within(driver, (tx) =>
      Effect.map(
        messages.get(tx, [scope.tenantId, conversationId, padded(position), padded(0)]),
        (first) => {
          if (Option.isSome(first) && owns(scope, first.value.userId)) {
            skipped.set(tx, [scope.tenantId, conversationId, padded(position)], true)
          }
        }
      )
    )
})
