/** Conversations made twice, written past the fence, or deleted by half. */
import type { Message } from "@atrium/core/conversations/Message"
import type { Archive } from "@atrium/core/storage/Archive"
import type { BlockRecord } from "@atrium/core/storage/BlockStore"
import type { Unended } from "@atrium/core/storage/ConversationStore"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { exchange, type Mutant, mutant } from "./Mutant.ts"

export const conversations: ReadonlyArray<Mutant> = [
  mutant(
    "it looks for a conversation, gives way, and makes one",
    ["ISO-5c", "ISO-5d", "TEN-1a", "ISO-2a", "TRN-8", "TRN-6", "STO-6a"],
    (storage) => {
      const { conversations } = storage.stores
      return exchange(storage, {
        conversations: {
          resolve: Effect.fnUntraced(function* (scope, made) {
            const { items } = yield* conversations.list(scope, {})
            const found = items.find(
              ({ agentId, key, userId }) =>
                agentId === made.agentId && key === made.key && userId === made.userId
            )
            yield* Effect.yieldNow
            return (
              found ??
              (yield* conversations.resolve(scope, { ...made, key: `${made.key}${made.id}` }))
            )
          })
        }
      })
    }
  ),
  mutant("the last one to bind wins", ["STO-5f", "TEN-1b"], (storage) => {
    const { bindings } = storage.stores
    return exchange(storage, {
      bindings: {
        pin: (scope, pin, agentId) =>
          Effect.andThen(bindings.unpin(scope, pin), bindings.pin(scope, pin, agentId))
      }
    })
  }),
  mutant(
    "a user's sessions are one",
    [
      "ISO-5c",
      "ISO-5d",
      "ISO-5e",
      "STO-3a conversations.list",
      "STO-3a listLeft",
      "STO-3a listDue",
      "STO-3b conversations.list",
      "STO-3c",
      "STO-3g",
      "ISO-2a",
      "TRN-8",
      "TRN-6",
      "STO-6a",
      "TRN-7a",
      "TRN-7e",
      "TRN-4"
    ],
    (storage) => {
      const { conversations } = storage.stores
      return exchange(storage, {
        conversations: {
          resolve: (scope, made) => conversations.resolve(scope, { ...made, key: "session" })
        }
      })
    }
  ),
  mutant("the fence is not looked at", ["TRN-8"], (storage) => {
    const { conversations } = storage.stores
    return exchange(storage, {
      conversations: {
        advance: Effect.fnUntraced(function* (scope, id, step) {
          const found = yield* conversations.find(scope, id)
          const fence = Option.match(found, { onNone: () => 0, onSome: (c) => c.fence })
          return yield* conversations.advance(scope, id, { ...step, fence })
        })
      }
    })
  }),
  mutant("a cancel is not looked at", ["TRN-6"], (storage) => {
    const { conversations } = storage.stores
    return exchange(storage, {
      conversations: {
        advance: (scope, id, step) => conversations.advance(scope, id, { ...step, position: -1 })
      }
    })
  }),
  mutant("a turn that ends stays unended", ["STO-6a", "TRN-7a", "TRN-7e"], (storage) => {
    const { conversations } = storage.stores
    return exchange(storage, {
      conversations: {
        advance: (scope, id, step) => conversations.advance(scope, id, { ...step, ends: false })
      }
    })
  }),
  mutant("saving a conversation makes it", ["STO-6b"], (storage) => {
    const { conversations } = storage.stores
    return exchange(storage, {
      conversations: {
        save: (scope, conversation) =>
          Effect.andThen(
            conversations.resolve(scope, conversation),
            conversations.save(scope, conversation)
          )
      }
    })
  }),
  mutant(
    "messages outlive their conversation",
    [
      "ISO-2 messages.list",
      "ISO-3 messages.list",
      "ISO-5e",
      "STO-1b",
      "STO-1c",
      "STO-1d",
      "ADP-3",
      "ISO-2a",
      "ISO-2b",
      "STO-6c",
      "STO-6d"
    ],
    (storage) => {
      const { messages } = storage.stores
      const kept = new Map<string, Array<Message>>()
      return exchange(storage, {
        messages: {
          append: Effect.fnUntraced(function* (scope, records) {
            yield* messages.append(scope, records)
            for (const { conversationId } of records) {
              const { items } = yield* messages.list(scope, conversationId, {})
              kept.set(`${scope.tenantId} ${conversationId}`, [...items])
            }
          }),
          list: (scope, conversationId, by) =>
            Effect.map(messages.list(scope, conversationId, by), ({ items, next }) => ({
              items:
                items.length > 0 || by.after !== undefined || Object.keys(by).length > 0
                  ? items
                  : (kept.get(`${scope.tenantId} ${conversationId}`) ?? []),
              next
            }))
        }
      })
    }
  ),
  mutant(
    "what is counted goes with the conversation",
    ["ISO-1 conversations.delete", "ISO-2 conversations.delete", "STO-6c"],
    (storage) => {
      const { conversations } = storage.stores
      return exchange(storage, {
        conversations: {
          delete: (scope, id) =>
            Effect.tap(conversations.delete(scope, id), () =>
              storage.maintenance.purgeLimits(Number.MAX_SAFE_INTEGER, 1000)
            )
        }
      })
    }
  ),
  mutant("blocks outlive their conversation", ["STO-6c"], (storage) => {
    const { blocks } = storage.stores
    const kept = new Map<string, BlockRecord>()
    return exchange(storage, {
      blocks: {
        insert: (scope, records) => {
          for (const block of records) {
            if (block.conversationId === "c" && block.label === "plan") kept.set(block.id, block)
          }
          return blocks.insert(scope, records)
        },
        find: (scope, id) =>
          Effect.map(
            blocks.find(scope, id),
            Option.orElse(() => Option.fromNullishOr(kept.get(id)))
          )
      }
    })
  }),
  mutant("a conversation's words outlive it", ["STO-6c"], (storage) => {
    const { conversations, words } = storage.stores
    const gone = new Set<string>()
    return exchange(storage, {
      conversations: {
        delete: Effect.fnUntraced(function* (scope, id) {
          const archive: Archive = {
            kind: "conversation",
            id,
            userId: Option.getOrNull(scope.userId)
          }
          const found = yield* words.search(scope, [archive], ["word"], 100)
          const deleted = yield* conversations.delete(scope, id)
          const items = found.map(({ item }) => ({ item, words: new Map([["word", 1]]) }))
          if (items.length > 0 && !gone.has(id)) yield* words.add(scope, archive, items, 0)
          gone.add(id)
          return deleted
        })
      }
    })
  }),
  mutant("what was learned under a conversation's id goes with it", ["STO-6c"], (storage) => {
    const { conversations, words } = storage.stores
    return exchange(storage, {
      conversations: {
        delete: (scope, id) =>
          Effect.andThen(words.clear(scope, { kind: "agent", id }), conversations.delete(scope, id))
      }
    })
  }),
  mutant("conversations whose turns have ended are still told", ["TRN-7a"], (storage) => {
    const told = new Map<string, Unended>()
    return {
      ...storage,
      maintenance: {
        ...storage.maintenance,
        listLeft: (until, by) =>
          Effect.map(storage.maintenance.listLeft(until, by), ({ items, next }) => {
            for (const item of items) told.set(`${item.tenantId} ${item.conversationId}`, item)
            return { items: by.limit === undefined ? [...told.values()] : items, next }
          })
      }
    }
  }),
  mutant("conversations whose lease has not run out are told", ["TRN-7a"], (storage) => ({
    ...storage,
    maintenance: {
      ...storage.maintenance,
      listLeft: (_until, by) => storage.maintenance.listLeft(Number.MAX_SAFE_INTEGER, by)
    }
  })),
  mutant("conversations that still wait for a person are told", ["TRN-7e"], (storage) => ({
    ...storage,
    maintenance: {
      ...storage.maintenance,
      listDue: (_until, by) => storage.maintenance.listDue(Number.MAX_SAFE_INTEGER, by)
    }
  }))
]
