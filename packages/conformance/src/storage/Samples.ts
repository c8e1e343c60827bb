/** Records to write, complete and valid, of which a rule says only what it is about. */
import type { Message } from "@atrium/core/conversations/Message"
import type { AgentRecord } from "@atrium/core/storage/AgentStore"
import type { Archive } from "@atrium/core/storage/Archive"
import type { BlockRecord, BlockWrite } from "@atrium/core/storage/BlockStore"
import type { ConversationRecord } from "@atrium/core/storage/ConversationStore"
import type { DocumentRecord } from "@atrium/core/storage/DocumentStore"
import type { KeyRecord } from "@atrium/core/storage/KeyStore"
import type { LedgerRecord } from "@atrium/core/storage/LedgerStore"
import type { MessageRecord } from "@atrium/core/storage/MessageStore"
import type { PassageRecord } from "@atrium/core/storage/PassageStore"
import type { FactRecord, TurnRecord } from "@atrium/core/storage/TurnStore"
import type { WordItem } from "@atrium/core/storage/WordStore"
import type { User } from "@atrium/core/tenancy/User"
import * as Usage from "@atrium/core/turns/Usage"

/** A moment at which everything happens, in milliseconds since 1970. */
export const now = 1_800_000_000_000

export const user = (id: string, name = `name of ${id}`): User => ({ id, name, properties: {} })

export const agent = (
  id: string,
  owner: string | null,
  more: Partial<AgentRecord> = {}
): AgentRecord => ({
  id,
  template: "helper",
  owner,
  tags: [],
  state: "active",
  ref: null,
  createdAt: now,
  lastTurnAt: null,
  ...more
})

export const key = (id: string, user: string | null, more: Partial<KeyRecord> = {}): KeyRecord => ({
  id,
  prefix: "atr_1234",
  name: `name of ${id}`,
  scopes: ["turns"],
  user,
  expiresAt: null,
  revokedAt: null,
  madeBy: null,
  tenantId: "filled in by the store",
  hash: `hash of ${id}`,
  ...more
})

export const conversation = (
  id: string,
  userId: string | null,
  more: Partial<ConversationRecord> = {}
): ConversationRecord => ({
  id,
  agentId: "agent",
  template: "helper",
  userId,
  key: id,
  title: `title of ${id}`,
  ref: null,
  agentRef: null,
  length: 0,
  position: 0,
  unended: 0,
  fence: 0,
  owner: "",
  leaseUntil: 0,
  cancelling: 0,
  createdAt: now,
  lastTurnAt: null,
  ...more
})

export const message = (id: string, text: string, more: Partial<Message> = {}): Message => ({
  id,
  role: "user",
  parts: [{ _tag: "Text", text }],
  turnId: "turn",
  at: now,
  partial: false,
  ...more
})

/** A message at its place; its id says the place and its text is `text`. */
export const messageAt = (
  conversationId: string,
  userId: string | null,
  position: number,
  index: number,
  text = `text ${position}.${index}`
): MessageRecord => ({
  conversationId,
  userId,
  position,
  index,
  message: message(`message ${position}.${index}`, text, {
    role: index === 0 ? "user" : "assistant"
  })
})

export const turn = (
  id: string,
  conversationId: string,
  userId: string | null,
  more: Partial<TurnRecord> = {}
): TurnRecord => ({
  id,
  conversationId,
  agentId: "agent",
  userId,
  position: 1,
  key: null,
  retryOf: null,
  scopes: ["turns"],
  sequence: 0,
  stored: 0,
  attempt: 0,
  handedBack: 0,
  draft: null,
  waiting: [],
  usage: Usage.none,
  end: null,
  createdAt: now,
  endedAt: null,
  ...more
})

/** The same turn, ended. */
export const ended = (of: TurnRecord): TurnRecord => ({
  ...of,
  end: { _tag: "Finished", stop: "answered" },
  endedAt: now + 1
})

/** A fact that says nothing but its number. */
export const fact = (sequence: number, callId = `call ${sequence}`): FactRecord => ({
  _tag: "ToolFinished",
  sequence,
  at: now,
  callId,
  outcome: "done"
})

/** A block of the agent "agent": its user's, or with null what every user of the agent reads. */
export const block = (
  id: string,
  userId: string | null,
  more: Partial<BlockRecord> = {}
): BlockRecord => ({
  id,
  agentId: "agent",
  userId,
  conversationId: null,
  label: id,
  description: "",
  value: `value of ${id}`,
  owner: userId === null ? "agent" : "user",
  limit: 2000,
  readOnly: false,
  revision: 1,
  trust: "derived",
  at: now,
  ...more
})

export const write = (
  expected: number,
  value: string,
  more: Partial<BlockWrite> = {}
): BlockWrite => ({
  expected,
  value,
  by: "user",
  turnId: null,
  trust: "derived",
  at: now + expected,
  ...more
})

/** What the agent "agent" keeps of a user, or of nobody. */
export const archive = (userId: string | null, id = "agent"): Archive => ({
  kind: "agent",
  id,
  userId
})

/** A knowledge source of the tenant. */
export const source = (id = "source"): Archive => ({ kind: "source", id, userId: null })

export const passage = (
  id: string,
  of: Archive,
  more: Partial<PassageRecord> = {}
): PassageRecord => ({
  id,
  archive: of,
  text: `text of ${id}`,
  document: null,
  from: 0,
  to: 0,
  tags: [],
  at: now,
  ...more
})

export const document = (
  source: string,
  name: string,
  more: Partial<DocumentRecord> = {}
): DocumentRecord => ({
  source,
  name,
  title: `title of ${name}`,
  text: `text of ${name}`,
  digest: `digest of ${name}`,
  passages: [],
  at: now,
  ...more
})

/** An item that holds each of `words`, as often as it is named. */
export const item = (id: string, words: ReadonlyArray<string>): WordItem => {
  const times = new Map<string, number>()
  for (const word of words) times.set(word, (times.get(word) ?? 0) + 1)
  return { item: id, words: times }
}

/** A row that a model call made. */
export const row = (
  turnId: string,
  userId: string | null,
  more: Partial<LedgerRecord> = {}
): LedgerRecord => ({
  turnId,
  sequence: 2,
  conversationId: "c",
  agentId: "agent",
  userId,
  at: now,
  call: {
    purpose: "chat",
    model: "model",
    usage: { input: 5, cached: 2, output: 3, reasoning: 1, microUsd: 7 },
    finish: "stop"
  },
  turns: 0,
  messages: 0,
  ...more
})
