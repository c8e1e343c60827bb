/** Past messages by their words. */
import * as Effect from "effect/Effect"
import { type Message, textOf } from "../conversations/Message.ts"
import type { StorageError } from "../errors.ts"
import { ConversationId } from "../ids.ts"
import { maximumLimit } from "../Page.ts"
import { conversationArchive } from "../storage/Archive.ts"
import type { ConversationRecord } from "../storage/ConversationStore.ts"
import { compareKeys } from "../storage/KeyValue.ts"
import type { Storage } from "../storage/Storage.ts"
import type { Found } from "../storage/WordStore.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { indexMessages, type Place, placeOf, wordsOf } from "./IndexMessages.ts"
import { defaultTop, type Hit } from "./Search.ts"
import * as Words from "./Words.ts"

/**
 * A past message. `before`, `after`: what was said right before and after it, because the answer to
 * a question about it stands there as often as in it.
 */
export interface Recalled extends Hit<Message> {
  readonly conversationId: ConversationId
  readonly before: ReadonlyArray<Message>
  readonly after: ReadonlyArray<Message>
}

/** Conversations that are searched, those with the newest turns first. */
const mostConversations = 100
/** Messages that the words alone bring into the ranking. */
const candidates = 200

/**
 * How much more a message of the user counts than one of the agent, and which share of its best
 * conversation's and of its neighbours' score it is given. Measured on several sets of conversations,
 * and flat around these figures.
 */
const userWeight = 2
const conversationShare = 0.5
const neighbourShare = 0.1

/** The newest conversations of the scope's user with the agent. */
const conversationsOf = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  scope: TenantScope,
  agentId: string
): Effect.fn.Return<ReadonlyArray<ConversationRecord>, StorageError> {
  const { items } = yield* storage.stores.conversations.list(scope, {
    newestFirst: true,
    limit: maximumLimit
  })
  return items
    .filter((conversation) => conversation.agentId === agentId)
    .sort((a, b) => (b.lastTurnAt ?? 0) - (a.lastTurnAt ?? 0))
    .slice(0, mostConversations)
})

interface Ranked {
  readonly conversationId: string
  readonly place: Place
  readonly score: number
}

/** Scores of words, weighed by who spoke, by the neighbours' and by the conversation's best. */
export const rank = (found: ReadonlyArray<Found>): ReadonlyArray<Ranked> => {
  const byConversation = new Map<string, Array<Ranked>>()
  for (const { archive, item, score } of found) {
    const place = placeOf(item)
    const own = byConversation.get(archive.id) ?? []
    byConversation.set(archive.id, own)
    // The first message of a turn is the user's.
    const weight = place.index === 0 ? userWeight : 1
    own.push({ conversationId: archive.id, place, score: score * weight })
  }
  return [...byConversation.values()].flatMap(weighed).sort(byScore)
}

/** Those of one conversation. */
const weighed = (found: ReadonlyArray<Ranked>): ReadonlyArray<Ranked> => {
  const best = found.reduce((most, { score }) => Math.max(most, score), 0)
  const inOrder = [...found].sort(({ place: a }, { place: b }) => byPlace(a, b))
  return inOrder.map((one, i) => {
    const near = [inOrder[i - 1], inOrder[i + 1]].flatMap((other) =>
      other !== undefined && Math.abs(other.place.position - one.place.position) <= 1
        ? [other.score]
        : []
    )
    const shared = near.reduce((sum, score) => sum + score, 0) * neighbourShare
    return { ...one, score: one.score + shared + best * conversationShare }
  })
}

const byPlace = (a: Place, b: Place): number => a.position - b.position || a.index - b.index

/** Best first; among equals the newer one, so that the order is always the same. */
const byScore = (a: Ranked, b: Ranked): number =>
  b.score - a.score || compareKeys(a.conversationId, b.conversationId) || byPlace(b.place, a.place)

/**
 * What the scope's user and the agent said that holds any word of `query`, best first: messages of
 * ended turns, of failed ones too [MEM-7], whether or not they left the prompt. Indexes first what no
 * search has reached. The scope must have a user.
 */
export const recall = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  scope: TenantScope,
  agentId: string,
  query: string,
  limit: number = defaultTop
): Effect.fn.Return<ReadonlyArray<Recalled>, StorageError> {
  const words = Words.ofQuery(query)
  if (words.size === 0) return []
  const conversations = yield* conversationsOf(storage, scope, agentId)
  yield* indexMessages(storage, scope, conversations)
  const archives = conversations.map(conversationArchive)
  const index = storage.stores.words
  const marks = yield* index.marks(scope, archives)
  const ended = new Map(conversations.map(({ id }, i) => [id, marks[i] ?? 0]))
  const found = yield* index.search(scope, archives, [...words.keys()], candidates)
  const read = turnsOf(storage, scope, ended)
  const hits: Array<Recalled> = []
  for (const { conversationId, place, score } of rank(found).slice(0, limit)) {
    const turn = yield* read(conversationId, place.position)
    const item = turn[place.index]
    if (item === undefined) continue
    const earlier = [
      ...(yield* read(conversationId, place.position - 1)),
      ...turn.slice(0, place.index)
    ]
    const later = [
      ...turn.slice(place.index + 1),
      ...(yield* read(conversationId, place.position + 1))
    ]
    hits.push({
      item,
      score,
      why: Words.matched(words, wordsOf(item)),
      conversationId: ConversationId(conversationId),
      before: earlier.filter(isSaid).slice(-1),
      after: later.filter(isSaid).slice(0, 1)
    })
  }
  return hits
})

const isSaid = (message: Message): boolean => textOf(message) !== ""

/** Reads each turn once, and none that may still be running: `ended` tells the newest to read. */
const turnsOf = (
  storage: Storage["Service"],
  scope: TenantScope,
  ended: ReadonlyMap<string, number>
) => {
  const known = new Map<string, ReadonlyArray<Message>>()
  return Effect.fnUntraced(function* (
    conversationId: string,
    position: number
  ): Effect.fn.Return<ReadonlyArray<Message>, StorageError> {
    if (position > (ended.get(conversationId) ?? 0)) return []
    const key = `${conversationId} ${position}`
    const messages =
      known.get(key) ?? (yield* storage.stores.messages.ofTurn(scope, conversationId, position))
    known.set(key, messages)
    return messages
  })
}
