/** The stores' calls of a turn, as the pipeline makes them. */
import type { StorageError, TenancyError } from "@atrium/core/errors"
import type { ConversationRecord } from "@atrium/core/storage/ConversationStore"
import { Storage } from "@atrium/core/storage/Storage"
import type { FactRecord, TurnRecord } from "@atrium/core/storage/TurnStore"
import type { Caller } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Usage from "@atrium/core/turns/Usage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const at = 1_800_000_000_000

/** A user with a conversation. */
export interface Who {
  readonly scope: Caller
  readonly user: string
}

export interface Began {
  readonly conversation: ConversationRecord
  readonly turn: TurnRecord
}

const idOf = (kind: string, n: number | string): string => `${kind}_${`${n}`.padStart(22, "0")}`

export const conversationOf = ({ user }: Who): string => idOf("conversation", user)

const newConversation = (who: Who): ConversationRecord => ({
  id: conversationOf(who),
  agentId: idOf("agent", 7),
  template: "support",
  userId: who.user,
  key: "main",
  title: "",
  ref: conversationOf(who),
  agentRef: idOf("agent", 7),
  length: 0,
  position: 0,
  unended: 0,
  fence: 0,
  owner: "",
  leaseUntil: 0,
  cancelling: 0,
  createdAt: at,
  lastTurnAt: null
})

/** Makes a user and his conversation. */
export const open = (
  user: string
): Effect.Effect<Who, StorageError | TenancyError, Storage | TenantResolver> =>
  Effect.gen(function* () {
    const resolver = yield* TenantResolver
    const { stores } = yield* Storage
    const scope = yield* resolver.renew({ tenant: "tenant-7", user, scopes: ["turns"] })
    yield* stores.users.save(scope, { id: user, name: user, properties: {} })
    yield* stores.conversations.resolve(scope, newConversation({ scope, user }))
    return { scope, user }
  })

/** Find, replay, limit, turn, message and conversation, in one transaction. */
export const begin = Effect.fnUntraced(function* (
  { scope, user }: Who,
  n: number
): Effect.fn.Return<Began, StorageError, Storage> {
  const { stores, transact } = yield* Storage
  return yield* transact(
    Effect.gen(function* () {
      const found = yield* stores.conversations.find(scope, conversationOf({ scope, user }))
      const before = Option.getOrElse(found, () => newConversation({ scope, user }))
      yield* stores.turns.findKeyed(scope, before.id, idOf("key", n))
      yield* stores.limits.take(scope, "user", { turns: 10, windowMs: 1 }, at + 2 * n)
      const turn: TurnRecord = {
        id: idOf("turn", n),
        conversationId: before.id,
        agentId: before.agentId,
        userId: user,
        position: before.position + 1,
        key: idOf("key", n),
        retryOf: null,
        scopes: ["turns"],
        sequence: 1,
        stored: 1,
        attempt: 0,
        handedBack: 0,
        draft: null,
        waiting: [],
        usage: Usage.none,
        end: null,
        createdAt: at + n,
        endedAt: null
      }
      const conversation: ConversationRecord = {
        ...before,
        position: turn.position,
        length: before.length + 1,
        unended: before.unended + 1,
        fence: before.fence + 1,
        owner: idOf("owner", 1),
        leaseUntil: at + n,
        lastTurnAt: at + n
      }
      yield* stores.turns.insert(scope, turn)
      yield* stores.messages.append(scope, [messageOf(turn, 0, "Where is my order?")])
      yield* stores.conversations.save(scope, conversation)
      return { conversation, turn }
    })
  )
})

/** The step that ends the turn, in one transaction. */
export const commit = Effect.fnUntraced(function* (
  { scope }: Who,
  { conversation, turn }: Began
): Effect.fn.Return<void, StorageError, Storage> {
  const { stores, transact } = yield* Storage
  const usage = { ...Usage.none, input: 812, output: 24 }
  const facts: ReadonlyArray<FactRecord> = [
    { _tag: "ModelCalled", sequence: 2, at, purpose: "chat", model: "m", usage, finish: "stop" },
    { _tag: "MessageStored", sequence: 3, at, messageId: `${turn.id}-1`, attempt: 0, began: 1 },
    { _tag: "TurnFinished", sequence: 4, at, stop: "answered", usage }
  ]
  yield* transact(
    Effect.gen(function* () {
      yield* stores.conversations.advance(scope, conversation.id, {
        fence: conversation.fence,
        position: turn.position,
        stored: 1,
        ends: true
      })
      const end = { _tag: "Finished", stop: "answered" } as const
      yield* stores.turns.advance(
        scope,
        { ...turn, sequence: 4, stored: 2, usage, end, endedAt: at },
        facts
      )
      yield* stores.ledger.append(scope, [
        {
          turnId: turn.id,
          sequence: 2,
          conversationId: turn.conversationId,
          agentId: turn.agentId,
          userId: turn.userId,
          at: turn.createdAt,
          call: { purpose: "chat", model: "m", usage, finish: "stop" },
          turns: 1,
          messages: 2
        }
      ])
      yield* stores.messages.append(scope, [messageOf(turn, 1, "It is on its way to you.")])
    })
  )
})

const messageOf = (turn: TurnRecord, index: number, text: string) => ({
  conversationId: turn.conversationId,
  userId: turn.userId,
  position: turn.position,
  index,
  message: {
    id: `${turn.id}-${index}`,
    role: index === 0 ? ("user" as const) : ("assistant" as const),
    parts: [{ _tag: "Text" as const, text }],
    turnId: turn.id,
    at: turn.createdAt,
    partial: false
  }
})
