/** Which agent serves whom. */
import type { AgentId, UserId } from "../ids.ts"

/**
 * How a template is bound.
 * - `PerUser`: an agent for each user: full personalisation.
 * - `Shared`: one agent, a conversation for each user; with `showUser` the prompt tells the agent
 *   the user's name and properties.
 */
export type BindingPolicy =
  | { readonly _tag: "PerUser" }
  | { readonly _tag: "Shared"; readonly showUser: boolean }

/** A user attached to an agent: a label for look-up, never an authority. */
export interface Bound {
  readonly agentId: AgentId
  readonly userId: UserId
}
