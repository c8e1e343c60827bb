/**
 * Past messages are indexed when somebody looks for one, so that a turn does not pay for a search it
 * does not make. Only ended turns are: their messages never change.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Message, textOf } from "../conversations/Message.ts"
import type { StorageError } from "../errors.ts"
import { conversationArchive } from "../storage/Archive.ts"
import type { ConversationRecord } from "../storage/ConversationStore.ts"
import type { Storage } from "../storage/Storage.ts"
import { padded } from "../storage/Table.ts"
import type { WordItem } from "../storage/WordStore.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import * as Words from "./Words.ts"

/** Turns indexed in one transaction. */
const batch = 20
/** UTF-16 units after which a transaction takes no further turn: nothing else is stored meanwhile. */
const mostUnits = 32_000
/** Turns indexed by one search, of all conversations together; the next search goes on. */
export const mostTurns = 500

/** Where a message is kept in its conversation's archive. */
export interface Place {
  readonly position: number
  readonly index: number
}

export const itemOf = ({ index, position }: Place): string => `${padded(position)}.${index}`

export const placeOf = (item: string): Place => {
  const [position, index] = item.split(".")
  return { position: Number(position), index: Number(index) }
}

const days = new Intl.DateTimeFormat("en", {
  timeZone: "UTC",
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric"
})

/** The words a message is found by: its own, and those of its day (UTC), because people ask when. */
export const wordsOf = (message: Message): ReadonlyMap<string, number> =>
  Words.ofText(`${days.format(message.at)}\n${textOf(message)}`)

/** Position of the newest turn before which all have ended; they come in order. */
const settled = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  scope: TenantScope,
  conversation: ConversationRecord
): Effect.fn.Return<number, StorageError> {
  if (conversation.unended === 0) return conversation.position
  const unended = yield* storage.stores.turns.unended(scope, conversation.id)
  return unended.reduce(
    (least, { position }) => Math.min(least, position - 1),
    conversation.position
  )
})

/** Indexes the next turns of a conversation, at most `most`; tells how many, and if that was all. */
const indexBatch = (
  storage: Storage["Service"],
  scope: TenantScope,
  id: string,
  most: number
): Effect.Effect<{ readonly turns: number; readonly done: boolean }, StorageError> =>
  storage.transact(
    Effect.gen(function* () {
      const { conversations, messages, words } = storage.stores
      // Read here again: what was deleted meanwhile must not come back as words.
      const found = yield* conversations.find(scope, id)
      if (Option.isNone(found)) return { turns: 0, done: true }
      const archive = conversationArchive(found.value)
      const [mark = 0] = yield* words.marks(scope, [archive])
      const last = yield* settled(storage, scope, found.value)
      const until = Math.min(last, mark + most)
      if (until <= mark) return { turns: 0, done: true }
      const items: Array<WordItem> = []
      let position = mark
      for (let units = 0; position < until && units < mostUnits; ) {
        position += 1
        const stored = yield* messages.ofTurn(scope, id, position)
        for (const [index, message] of stored.entries()) {
          const { length } = textOf(message)
          if (length === 0) continue
          units += length
          items.push({ item: itemOf({ position, index }), words: wordsOf(message) })
        }
      }
      yield* words.add(scope, archive, items, position)
      return { turns: position - mark, done: position === last }
    })
  )

/**
 * Indexes what the marks of these conversations have not reached, in their order, a batch a
 * transaction, at most `mostTurns` turns. Any number of searches may do so at once.
 */
export const indexMessages = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  scope: TenantScope,
  conversations: ReadonlyArray<ConversationRecord>
): Effect.fn.Return<void, StorageError> {
  const marks = yield* storage.stores.words.marks(scope, conversations.map(conversationArchive))
  let left = mostTurns
  for (const [i, { id, position }] of conversations.entries()) {
    if ((marks[i] ?? 0) >= position) continue
    for (let done = false; !done && left > 0; ) {
      const step = yield* indexBatch(storage, scope, id, Math.min(batch, left))
      left -= step.turns
      done = step.done
    }
  }
})
