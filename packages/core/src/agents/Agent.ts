/** A persistent entity with memory. */
import * as Option from "effect/Option"
import type { Unbound } from "../backend/AgentBackend.ts"
import { AgentId, UserId } from "../ids.ts"
import type { AgentRecord } from "../storage/AgentStore.ts"
import type { TenantScope } from "../tenancy/Principal.ts"

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

const ownerOf = ({ owner }: AgentRecord): Option.Option<UserId> =>
  Option.map(Option.fromNullishOr(owner), UserId)

/** The agent that a record keeps. */
export const agentOf = (record: AgentRecord): Agent => ({
  id: AgentId(record.id),
  template: record.template,
  owner: ownerOf(record),
  tags: record.tags,
  state: record.state,
  lastTurnAt: Option.fromNullishOr(record.lastTurnAt)
})

/** The same agent as a backend is told of it. */
export const unboundOf = (scope: TenantScope, record: AgentRecord): Unbound => ({
  scope,
  agentId: AgentId(record.id),
  owner: ownerOf(record)
})
