/** What a rule about the pipeline stands on: a storage, a backend, and an app that is opened and closed. */
import type { Atrium } from "@atrium/core"
import type { AgentDefinition } from "@atrium/core/agents/Definitions"
import { AgentBackend, type AgentDriver } from "@atrium/core/backend/AgentBackend"
import type { Storage } from "@atrium/core/storage/Storage"
import type { Plan } from "@atrium/core/tenancy/Plan"
import type { Principal } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** An app: `Atrium.layer`, unless a mutant takes its place. */
export type App = typeof Atrium.layer

/**
 * How an app is opened.
 * - `agents`: "helper", shared, and "own", one for each user, unless said otherwise.
 * - `plan`: the default plan; wide enough that no rule meets it by chance, unless said otherwise.
 * - `backend`: the driver to run turns; the one to be proven unless said otherwise.
 */
export interface Opening {
  readonly agents?: Readonly<Record<string, AgentDefinition>>
  readonly plan?: Partial<Plan>
  readonly backend?: AgentDriver
}

/** A plan that refuses nothing by chance. */
const widePlan: Plan = {
  user: { turns: 100_000, windowMs: 60_000 },
  waiting: 64,
  replayMs: 86_400_000
}

const template = { model: "test/scripted", blocks: [] } as const

/** One agent that all users share, and one of each user's own. */
export const agents: Readonly<Record<string, AgentDefinition>> = {
  helper: {
    template: { ...template, name: "helper" },
    binding: { _tag: "Shared", showUser: true }
  },
  own: { template: { ...template, name: "own" }, binding: { _tag: "PerUser" } }
}

export class House extends Context.Service<
  House,
  {
    /** Opens an app over the rule's storage for as long as `self` runs; each time a new "process". */
    readonly open: <A, E, R>(
      self: Effect.Effect<A, E, R>,
      opening?: Opening
    ) => Effect.Effect<A, unknown, Exclude<R, Atrium.Facades> | Storage | TenantResolver>
    /** The driver to be proven. */
    readonly backend: AgentDriver
  }
>()("@atrium/conformance/pipeline/House") {}

/** A house of `app` over `backend`. */
export const make = (app: App, backend: AgentDriver): House["Service"] => ({
  backend,
  open: (self, opening = {}) =>
    Effect.provide(
      self,
      Layer.fresh(
        app(opening.agents ?? agents, { plans: { default: { ...widePlan, ...opening.plan } } })
      ).pipe(Layer.provide(Layer.succeed(AgentBackend, opening.backend ?? backend))),
      { local: true }
    )
})

/** Opens an app, as `House.open` does. */
export const inHouse = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  opening?: Opening
): Effect.Effect<A, unknown, Exclude<R, Atrium.Facades> | Storage | TenantResolver | House> =>
  Effect.flatMap(House, ({ open }) => open(self, opening))

/** Runs `self` as a user of a tenant who may send turns. */
export const as =
  (user: string, tenant = "acme", scopes: ReadonlyArray<string> = ["turns"]) =>
  <A, E, R>(
    self: Effect.Effect<A, E, R>
  ): Effect.Effect<A, unknown, Exclude<R, Principal> | TenantResolver> =>
    TenantResolver.provide({ tenant, user, scopes })(self)
