/** Agents, conversations and turns as they travel: core's own shapes, checked against its types. */
import type { Agent as CoreAgent } from "@atrium/core/agents/Agent"
import type { Conversation as CoreConversation } from "@atrium/core/conversations/Conversation"
import { type Turn as CoreTurn, OnBusy } from "@atrium/core/turns/Turn"
import * as Schema from "effect/Schema"

const S = Schema.String

export const AgentId = S.pipe(Schema.brand("AgentId"))
export const ConversationId = S.pipe(Schema.brand("ConversationId"))
export const TurnId = S.pipe(Schema.brand("TurnId"))
export const UserId = S.pipe(Schema.brand("UserId"))

export const Agent = Schema.Struct({
  id: AgentId,
  template: S,
  owner: Schema.OptionFromNullOr(UserId),
  tags: Schema.Array(S),
  state: Schema.Literals(["active", "archived", "deleting"]),
  lastTurnAt: Schema.OptionFromNullOr(Schema.Int)
}).annotate({ identifier: "Agent" }) satisfies Schema.Schema<CoreAgent>

export const Conversation = Schema.Struct({
  id: ConversationId,
  agentId: AgentId,
  userId: Schema.OptionFromNullOr(UserId),
  key: S,
  title: S,
  length: Schema.Int
}).annotate({ identifier: "Conversation" }) satisfies Schema.Schema<CoreConversation>

export const Turn = Schema.Struct({
  id: TurnId,
  conversationId: ConversationId,
  retryOf: Schema.OptionFromNullOr(TurnId),
  state: Schema.Literals(["queued", "running", "waiting", "finished", "failed"])
}).annotate({ identifier: "Turn" }) satisfies Schema.Schema<CoreTurn>

/** The body of a send: core's `Send` without the conversation, which the path names. */
export const SendBody = Schema.Struct({
  text: S,
  id: Schema.optionalKey(S),
  retryOf: Schema.optionalKey(TurnId),
  onBusy: Schema.optionalKey(OnBusy)
}).annotate({ identifier: "Send" })
