/** A persistent entity with memory. */
import type * as Option from "effect/Option"
import type { AgentId, UserId } from "../ids.ts"

/**
 * An agent: a plain value, nothing is held open for it.
 * - `owner`: the user it was made for; `None` for one shared by the tenant's users.
 * - `state`: `deleting` until everything of it is gone; nobody opens a conversation with it then.
 * - `lastTurnAt`: milliseconds since 1970 of the last turn begun with it; `None` before the first.
 */
export interface Agent {
  readonly id: AgentId
  readonly template: string
  readonly owner: Option.Option<UserId>
  readonly tags: ReadonlyArray<string>
  readonly state: "active" | "archived" | "deleting"
  readonly lastTurnAt: Option.Option<number>
}
