/** The turn that a tool is called in. */
import * as Context from "effect/Context"
import type * as Option from "effect/Option"
import type { Agent } from "../agents/Agent.ts"
import type { Conversation } from "../conversations/Conversation.ts"
import type { User } from "../tenancy/User.ts"
import type { Turn } from "../turns/Turn.ts"

/**
 * Provided to every tool beside the caller's Principal. `callId`: the key under which a tool marked
 * idempotent does its work once: the turn's id, a point, and the call's id in its turn; no other call
 * of any turn has it, and the same call made again after a crash does. `user`: whom the binding lets
 * the agent see.
 */
export class CurrentTurn extends Context.Service<
  CurrentTurn,
  {
    readonly turn: Turn
    readonly agent: Pick<Agent, "id" | "template">
    readonly conversation: Pick<Conversation, "id" | "key">
    readonly user: Option.Option<User>
    readonly callId: string
  }
>()("@atrium/core/tools/CurrentTurn") {}
