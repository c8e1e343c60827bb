/** Agents, and which of them serves whom. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { StorageError } from "../errors.ts"
import type { By, Page } from "../Page.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { owns, sees } from "./Confine.ts"
import { type KeyValueDriver, within } from "./KeyValue.ts"
import { page, table } from "./Table.ts"

/** An agent as it is kept. `ref`: what the backend calls it; null until it was provisioned. */
export const AgentRecord = Schema.Struct({
  id: Schema.String,
  template: Schema.String,
  owner: Schema.NullOr(Schema.String),
  tags: Schema.Array(Schema.String),
  state: Schema.Literals(["active", "archived", "deleting"]),
  ref: Schema.NullOr(Schema.String),
  createdAt: Schema.Int,
  lastTurnAt: Schema.NullOr(Schema.Int)
})
export type AgentRecord = typeof AgentRecord.Type

/** A scope with a user sees that user's agents and those that no user owns. */
export interface AgentStore {
  /** Writes the agent, whole; its owner stays who it was, and under another one nothing is written. */
  readonly save: (scope: TenantScope, agent: AgentRecord) => Effect.Effect<void, StorageError>
  readonly find: (
    scope: TenantScope,
    id: string
  ) => Effect.Effect<Option.Option<AgentRecord>, StorageError>
  /** In the order in which they were made; `by.tags` keeps those that carry all of them. */
  readonly list: (scope: TenantScope, by: By) => Effect.Effect<Page<AgentRecord>, StorageError>
  /** Removes the agent's row; under a scope that may only read it nothing is removed. */
  readonly delete: (scope: TenantScope, id: string) => Effect.Effect<void, StorageError>
}

export const agents = table("agent", AgentRecord)

export const makeAgentStore = (driver: KeyValueDriver): AgentStore => ({
  save: (scope, agent) =>
    within(driver, (tx) =>
      Effect.map(agents.get(tx, [scope.tenantId, agent.id]), (old) => {
        if (Option.isSome(old) && old.value.owner !== agent.owner) return
        if (sees(scope, agent.owner)) agents.set(tx, [scope.tenantId, agent.id], agent)
      })
    ),
  find: (scope, id) =>
    within(driver, (tx) =>
      Effect.map(
        agents.get(tx, [scope.tenantId, id]),
        Option.filter((agent) => sees(scope, agent.owner))
      )
    ),
  list: (scope, by) =>
    within(driver, (tx) =>
      page(
        agents,
        tx,
        [scope.tenantId],
        by,
        (agent) =>
          sees(scope, agent.owner) && (by.tags ?? []).every((tag) => agent.tags.includes(tag))
      )
    ),
  delete: (scope, id) =>
    within(driver, (tx) =>
      Effect.map(agents.get(tx, [scope.tenantId, id]), (found) => {
        if (Option.isSome(found) && owns(scope, found.value.owner)) {
          agents.remove(tx, [scope.tenantId, id])
        }
      })
    )
})
