/** Every facade of core, from what an app defines, over a storage, a backend and a resolver. */
import * as Layer from "effect/Layer"
import { Agents } from "./agents/Agents.ts"
import { Bindings } from "./agents/Bindings.ts"
import { type AgentDefinition, Definitions } from "./agents/Definitions.ts"
import type { AgentBackend } from "./backend/AgentBackend.ts"
import { Conversations } from "./conversations/Conversations.ts"
import type { TurnError } from "./errors.ts"
import { Memory } from "./memory/Memory.ts"
import { Sources } from "./memory/Sources.ts"
import type { Storage } from "./storage/Storage.ts"
import { ApiKeys } from "./tenancy/ApiKeys.ts"
import { Limits } from "./tenancy/Limits.ts"
import { Maintenance } from "./tenancy/Maintenance.ts"
import { Permissions } from "./tenancy/Permissions.ts"
import type { Plan } from "./tenancy/Plan.ts"
import type { TenantResolver } from "./tenancy/TenantResolver.ts"
import { Users } from "./tenancy/Users.ts"
import * as Leases from "./turns/Leases.ts"
import { Ledger } from "./turns/Ledger.ts"
import { TurnQueue } from "./turns/TurnQueue.ts"
import { Turns } from "./turns/Turns.ts"

export interface Options {
  /** Plans by the name that tenants carry; `default` replaces the default plan. */
  readonly plans?: Readonly<Record<string, Plan>>
}

/** What requests work with. */
export type Facades =
  | Turns
  | Ledger
  | Conversations
  | Memory
  | Sources
  | Agents
  | Bindings
  | Users
  | Permissions
  | Limits
  | ApiKeys

/**
 * The facades over agents by the name that callers use. Built, it takes up what a stopped process
 * left; closed, it hands back what runs.
 */
export const layer = (
  agents: Readonly<Record<string, AgentDefinition>>,
  { plans = {} }: Options = {}
): Layer.Layer<Facades, TurnError, Storage | AgentBackend | TenantResolver> => {
  const definitions = Definitions.layer({ agents, plans })
  const queue = TurnQueue.layer.pipe(Layer.provideMerge(definitions))
  const bindings = Bindings.layer.pipe(Layer.provide(definitions))
  return Layer.mergeAll(
    Turns.layer,
    Ledger.layer,
    Limits.layer,
    Leases.layer,
    Users.layer,
    ApiKeys.layer,
    Permissions.layer,
    Agents.layer,
    Sources.layer,
    Memory.layer.pipe(Layer.provide(definitions)),
    Conversations.layer.pipe(Layer.provide(definitions))
  ).pipe(Layer.provideMerge(bindings), Layer.provide(queue))
}

/** For boot code that sets up tenants and their first keys; never beside requests. */
export const maintenance: Layer.Layer<Maintenance, never, Storage> = Maintenance.layer
