/** One message thread with an agent. */
import type * as Option from "effect/Option"
import type { AgentId, ConversationId, UserId } from "../ids.ts"

/**
 * A conversation. `key`: the caller's name for it, unique for agent and user (a session is a
 * conversation with its own key); `length`: messages stored.
 */
export interface Conversation {
  readonly id: ConversationId
  readonly agentId: AgentId
  readonly userId: Option.Option<UserId>
  readonly key: string
  readonly title: string
  readonly length: number
}
