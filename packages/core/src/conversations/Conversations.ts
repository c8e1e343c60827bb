/** Threads with agents. The transcript is core's, whatever the backend. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { unboundOf } from "../agents/Agent.ts"
import { Bindings } from "../agents/Bindings.ts"
import { Definitions } from "../agents/Definitions.ts"
import { AgentBackend } from "../backend/AgentBackend.ts"
import { asTurnError, rejected, TurnError } from "../errors.ts"
import {
  AgentId,
  ConversationId,
  fresh,
  isWellFormed,
  joinKey,
  UserId,
  whyRefused
} from "../ids.ts"
import * as KeyedLock from "../internal/KeyedLock.ts"
import { allPages, type By, checkBy, type Page } from "../Page.ts"
import type { ConversationRecord } from "../storage/ConversationStore.ts"
import { Storage } from "../storage/Storage.ts"
import * as Audit from "../tenancy/Audit.ts"
import { callerWith, userWith, wholeTenant } from "../tenancy/Permissions.ts"
import type { Caller, Principal, TenantScope } from "../tenancy/Principal.ts"
import { TurnQueue } from "../turns/TurnQueue.ts"
import type { Conversation } from "./Conversation.ts"
import type { Message } from "./Message.ts"
import { removeConversation } from "./RemoveConversation.ts"

type As<A> = Effect.Effect<A, TurnError, Principal>

const maximumTitle = 256

const conversationOf = (record: ConversationRecord): Conversation => ({
  id: ConversationId(record.id),
  agentId: AgentId(record.agentId),
  userId: Option.map(Option.fromNullishOr(record.userId), UserId),
  key: record.key,
  title: record.title,
  length: record.length
})

/** All of these need the scope `turns` and a user, and see that user's conversations only. */
export class Conversations extends Context.Service<
  Conversations,
  {
    /**
     * The caller's conversation of this key ("default" unless given) with the agent of `template`;
     * opened on first use, the same ever after, also for any number of callers at once.
     */
    readonly resolve: (template: string, key?: string) => As<Conversation>
    /** A new conversation. */
    readonly start: (template: string, title?: string) => As<Conversation>
    readonly find: (id: ConversationId) => As<Conversation>
    /** In the order in which they were opened. */
    readonly list: (by: By) => As<Page<Conversation>>
    /** The transcript, a page at a time, turn by turn. */
    readonly messages: (id: ConversationId, by: By) => As<Page<Message>>
    /** Removes it with everything in it; a turn that runs ends as `Gone`. */
    readonly delete: (id: ConversationId) => As<void>
    /** Deletes the caller's conversations, or, as an operator, the tenant's; tells how many. */
    readonly clear: (whose: "own" | "tenant") => As<number>
  }
>()("@atrium/core/conversations/Conversations") {
  static readonly layer: Layer.Layer<
    Conversations,
    never,
    Storage | AgentBackend | Bindings | Definitions | TurnQueue
  > = Layer.effect(
    Conversations,
    Effect.gen(function* () {
      const storage = yield* Storage
      const backend = yield* AgentBackend
      const bindings = yield* Bindings
      const definitions = yield* Definitions
      const queue = yield* TurnQueue
      const { agents, conversations, messages } = storage.stores
      const oneAtATime = KeyedLock.make()

      const own = Effect.fnUntraced(function* (caller: Caller, id: string) {
        const found = yield* conversations.find(caller, id)
        if (Option.isSome(found)) return found.value
        yield* Audit.refusedAccess(caller, "conversation")
        return yield* TurnError.because({ _tag: "NotFound", what: "conversation" })
      })

      const paged = (by: By) => {
        const refused = checkBy(by)
        return refused === undefined ? Effect.void : Effect.fail(TurnError.because(refused))
      }

      /** Opens it at the backend, outside any transaction; the same again after a crash. */
      const opened = Effect.fnUntraced(function* (caller: Caller, id: string) {
        // Who waited for another one finds it open.
        const record = yield* own(caller, id)
        if (record.ref !== null) return record
        const agent = Option.getOrUndefined(yield* agents.find(caller, record.agentId))
        if (agent?.ref === undefined || agent.ref === null) {
          return yield* TurnError.because({ _tag: "Gone", what: "agent" })
        }
        const { template } = yield* definitions.find(agent.template)
        const ref = yield* backend.agents.open(
          { ...unboundOf(caller, agent), ref: agent.ref },
          ConversationId(record.id),
          template
        )
        const agentRef = agent.ref
        return yield* storage.transact(
          Effect.gen(function* () {
            const now = yield* own(caller, record.id)
            const open = { ...now, ref: now.ref ?? ref, agentRef }
            yield* conversations.save(caller, open)
            return open
          })
        )
      })

      const open = Effect.fnUntraced(function* (template: string, key?: string, title = "") {
        const { caller, user } = yield* userWith("turns")
        const refused = key === undefined ? undefined : whyRefused("key", key)
        if (refused !== undefined) {
          return yield* TurnError.because(rejected("key", refused))
        }
        if (title.length > maximumTitle || !isWellFormed(title)) {
          return yield* TurnError.because(
            rejected(
              "title",
              `A title has at most ${maximumTitle} characters, without NUL and lone surrogates.`
            )
          )
        }
        const agent = yield* bindings.resolve(template)
        const id = yield* fresh("conv")
        const createdAt = yield* Clock.currentTimeMillis
        const made: ConversationRecord = {
          id,
          agentId: agent.id,
          template,
          userId: user,
          key: key ?? id,
          title,
          ref: null,
          agentRef: null,
          length: 0,
          position: 0,
          unended: 0,
          fence: 0,
          owner: "",
          leaseUntil: 0,
          cancelling: 0,
          createdAt,
          lastTurnAt: null
        }
        const record = yield* storage.transact(
          Effect.gen(function* () {
            // In one transaction: who deletes the agent finds the conversation, or this finds that.
            const now = Option.getOrUndefined(yield* agents.find(caller, agent.id))
            if (now === undefined || now.state === "deleting") {
              return yield* TurnError.because({ _tag: "Gone", what: "agent" })
            }
            return yield* conversations.resolve(caller, made)
          })
        )
        if (record.ref !== null) return conversationOf(record)
        const lock = oneAtATime(joinKey(caller.tenantId, record.id))
        return conversationOf(yield* lock(opened(caller, record.id)))
      })

      const remove = removeConversation({ storage, queue })

      /** Every conversation of a scope, deleted one by one: a large tenant is no large transaction. */
      const clearAll = Effect.fnUntraced(function* (scope: TenantScope) {
        const all = yield* allPages((by) => conversations.list(scope, by))
        const deleted = yield* Effect.forEach(all, ({ id }) => remove(scope, id))
        return deleted.filter(Boolean).length
      })

      return Conversations.of({
        resolve: Effect.fn("Conversations.resolve")(
          (template, key = "default") => open(template, key),
          asTurnError
        ),
        start: Effect.fn("Conversations.start")(
          (template, title) => open(template, undefined, title),
          asTurnError
        ),
        find: Effect.fn("Conversations.find")(function* (id) {
          const { caller } = yield* userWith("turns")
          return conversationOf(yield* own(caller, id))
        }, asTurnError),
        list: Effect.fn("Conversations.list")(function* (by) {
          const { caller } = yield* userWith("turns")
          yield* paged(by)
          const { items, next } = yield* conversations.list(caller, by)
          return { items: items.map(conversationOf), next }
        }, asTurnError),
        messages: Effect.fn("Conversations.messages")(function* (id, by) {
          const { caller } = yield* userWith("turns")
          yield* paged(by)
          yield* own(caller, id)
          return yield* messages.list(caller, id, by)
        }, asTurnError),
        delete: Effect.fn("Conversations.delete")(function* (id) {
          const { caller } = yield* userWith("turns")
          yield* own(caller, id)
          yield* remove(caller, id)
        }, asTurnError),
        clear: Effect.fn("Conversations.clear")(function* (whose) {
          if (whose === "own") return yield* clearAll((yield* userWith("turns")).caller)
          return yield* clearAll(wholeTenant(yield* callerWith("operator")))
        }, asTurnError)
      })
    })
  )
}
