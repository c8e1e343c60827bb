/** Records to write, complete and valid, of which a rule says only what it is about. */
import type { Message } from "@atrium/core/conversations/Message"
import type { AgentRecord } from "@atrium/core/storage/AgentStore"
import type { ConversationRecord } from "@atrium/core/storage/ConversationStore"
import type { KeyRecord } from "@atrium/core/storage/KeyStore"
import type { MessageRecord } from "@atrium/core/storage/MessageStore"
import type { FactRecord, TurnRecord } from "@atrium/core/storage/TurnStore"
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
