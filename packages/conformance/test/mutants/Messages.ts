/** Transcripts that are rewritten, and windows that show the wrong messages. */
import type { Message } from "@atrium/core/conversations/Message"
import * as Effect from "effect/Effect"
import { exchange, type Mutant, mutant } from "./Mutant.ts"

const normalised = (message: Message): Message => ({
  ...message,
  parts: message.parts.map((part) =>
    part._tag === "Text" ? { ...part, text: part.text.normalize("NFC") } : part
  )
})

export const messages: ReadonlyArray<Mutant> = [
  mutant("messages of a turn come in the order of writing", ["STO-7b"], (storage) => {
    const { messages } = storage.stores
    const written = new Map<string, number>()
    return exchange(storage, {
      messages: {
        append: (scope, records) => {
          for (const { message } of records) written.set(message.id, written.size)
          return messages.append(scope, records)
        },
        ofTurn: (scope, conversation, position) =>
          Effect.map(messages.ofTurn(scope, conversation, position), (found) =>
            found.toSorted((a, b) => (written.get(a.id) ?? 0) - (written.get(b.id) ?? 0))
          )
      }
    })
  }),
  mutant("texts are normalised", ["ISO-5c", "STO-7c"], (storage) => {
    const { messages } = storage.stores
    return exchange(storage, {
      messages: {
        append: (scope, records) =>
          messages.append(
            scope,
            records.map((record) => ({ ...record, message: normalised(record.message) }))
          )
      }
    })
  }),
  mutant(
    "a message is rewritten by another one for its place",
    ["ISO-2 messages.append", "STO-4a", "STO-4b", "STO-7d", "STO-1i"],
    (storage) => {
      const { messages } = storage.stores
      const latest = new Map<string, Message>()
      return exchange(storage, {
        messages: {
          append: (scope, records) => {
            for (const { conversationId, message } of records) {
              latest.set(`${scope.tenantId} ${conversationId} ${message.id}`, message)
            }
            return messages.append(scope, records)
          },
          list: (scope, conversation, by) =>
            Effect.map(messages.list(scope, conversation, by), ({ items, next }) => ({
              items: items.map(
                (message) =>
                  latest.get(`${scope.tenantId} ${conversation} ${message.id}`) ?? message
              ),
              next
            }))
        }
      })
    }
  ),
  mutant("the window holds the present turn too", ["STO-7e"], (storage) => {
    const { messages } = storage.stores
    return exchange(storage, {
      messages: {
        recent: (scope, conversation, position, limit) =>
          messages.recent(scope, conversation, position + 1, limit)
      }
    })
  }),
  mutant(
    "a failed turn stays in the window",
    ["ISO-1 messages.skip", "ISO-2 messages.skip", "TRN-10"],
    (storage) => exchange(storage, { messages: { skip: () => Effect.void } })
  ),
  mutant("a transcript keeps its newest 100 messages", ["STO-1h", "MEM-7"], (storage) => {
    const { messages } = storage.stores
    return exchange(storage, {
      messages: {
        list: (scope, conversation, by) =>
          Effect.map(messages.list(scope, conversation, by), ({ items, next }) => ({
            items: items.slice(-100),
            next
          }))
      }
    })
  })
]
