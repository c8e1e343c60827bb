/** What the app defined: agents with their templates and bindings, and plans. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { AgentBackend } from "../backend/AgentBackend.ts"
import { rejected, TurnError } from "../errors.ts"
import { Storage } from "../storage/Storage.ts"
import { defaultPlan, type Plan, type Rate } from "../tenancy/Plan.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import type { ToolSpec } from "../tools/ToolSpec.ts"
import { Tools } from "../tools/Tools.ts"
import type { AgentTemplate } from "./AgentTemplate.ts"
import type { BindingPolicy } from "./Binding.ts"

export interface AgentDefinition {
  readonly template: AgentTemplate
  readonly binding: BindingPolicy
}

/** Agents by the name that callers use, plans by the name that tenants carry. */
export interface Defined {
  readonly agents: Readonly<Record<string, AgentDefinition>>
  /** `default` replaces the default plan. */
  readonly plans: Readonly<Record<string, Plan>>
}

export class Definitions extends Context.Service<
  Definitions,
  {
    readonly find: (name: string) => Effect.Effect<AgentDefinition, TurnError>
    readonly names: ReadonlyArray<string>
    /** The plan of the scope's tenant; the default one where the tenant or its plan is unknown. */
    readonly plan: (scope: TenantScope) => Effect.Effect<Plan, TurnError>
    /** The longest window of any plan, in milliseconds. */
    readonly longestWindowMs: number
  }
>()("@atrium/core/agents/Definitions") {
  /** Refuses at boot what could only fail later: a template without a name, a rate of nothing. */
  static readonly layer = (
    defined: Defined
  ): Layer.Layer<Definitions, TurnError, Storage | AgentBackend> =>
    Layer.effect(
      Definitions,
      Effect.gen(function* () {
        const storage = yield* Storage
        const agents = new Map(Object.entries(defined.agents))
        const plans = new Map(Object.entries(defined.plans))
        const tools = yield* Tools
        const backend = yield* AgentBackend
        for (const [name, defined] of agents) {
          yield* checkTemplate(name, defined, tools.list)
          yield* checkTools(name, defined, backend)
        }
        for (const [name, plan] of plans) yield* checkPlan(name, plan)
        const fallback = plans.get("default") ?? defaultPlan
        const windows = [fallback, ...plans.values()].flatMap(({ tenant, user }) => [
          user.windowMs,
          tenant?.windowMs ?? 0
        ])
        return {
          names: [...agents.keys()],
          longestWindowMs: Math.max(...windows),
          find: (name) => {
            const found = agents.get(name)
            return found === undefined
              ? Effect.fail(
                  TurnError.because(
                    { _tag: "NotFound", what: "agent template" },
                    `No agent is called "${name.slice(0, 64)}". The app defines: ${[...agents.keys()].join(", ")}.`
                  )
                )
              : Effect.succeed(found)
          },
          plan: (scope) =>
            plans.size === 0
              ? Effect.succeed(fallback)
              : Effect.mapBoth(storage.maintenance.findTenant(scope.tenantId), {
                  onFailure: (error) => TurnError.because(error.reason, error.message),
                  onSuccess: (tenant) =>
                    Option.match(tenant, {
                      onNone: () => fallback,
                      onSome: ({ plan }) => plans.get(plan) ?? fallback
                    })
                })
        }
      })
    )
}

const refuse = (field: string, why: string) => Effect.fail(TurnError.because(rejected(field, why)))

/** The label of a block that would take the place of an earlier one, and so would never be made. */
const takenLabel = ({ binding, template }: AgentDefinition): string | undefined => {
  const taken = new Set<string>()
  return template.blocks.find(({ label, owner = "agent" }) => {
    // All that an agent of one user keeps is that user's.
    const place = JSON.stringify([
      owner === "agent" && binding._tag === "PerUser" ? "user" : owner,
      label
    ])
    if (taken.has(place)) return true
    taken.add(place)
    return false
  })?.label
}

const checkTemplate = (name: string, defined: AgentDefinition, tools: ReadonlyArray<ToolSpec>) => {
  const { template } = defined
  if (name === "" || template.name === "") {
    return refuse("template.name", "An agent needs a name: give it one in Atrium.layer.")
  }
  if (!/^[^/\s]+\/\S+$/.test(template.model)) {
    return refuse(
      "template.model",
      `The model of agent "${name}" must have the form provider/model, not "${template.model}".`
    )
  }
  const label = takenLabel(defined)
  if (label !== undefined) {
    return refuse(
      "template.blocks",
      `Agent "${name}" has two blocks with the label "${label}" in one place: the second would never be made. Rename one.`
    )
  }
  const unknown = template.tools?.find((tool) => tools.every((spec) => spec.name !== tool))
  if (unknown !== undefined) {
    return refuse(
      "template.tools",
      `Agent "${name}" names the tool "${unknown}", which is not registered. Provide it with Tools.layer; there are: ${tools.map((spec) => spec.name).join(", ") || "none"}.`
    )
  }
  return Effect.void
}

/** A backend that calls no tools would run the agent as if it had none [ADP-1]. */
const checkTools = (
  name: string,
  { template: { tools = [] } }: AgentDefinition,
  backend: AgentBackend["Service"]
) =>
  tools.length === 0 || backend.turns.callsTools === true
    ? Effect.void
    : Effect.fail(
        TurnError.because(
          { _tag: "Unsupported", capability: "tools" },
          `Agent "${name}" names the tool "${tools[0]}", and the backend "${backend.name}" calls no tools. Take them off the template, or use a backend that calls them.`
        )
      )

const isRate = ({ turns, windowMs }: Rate): boolean =>
  Number.isInteger(turns) && turns >= 1 && Number.isInteger(windowMs) && windowMs >= 1

const checkPlan = (name: string, plan: Plan) =>
  isRate(plan.user) &&
  (plan.tenant === undefined || isRate(plan.tenant)) &&
  Number.isInteger(plan.waiting) &&
  plan.waiting >= 0 &&
  plan.replayMs >= 0
    ? Effect.void
    : refuse(
        "plan",
        `Plan "${name}" needs rates of at least 1 turn in at least 1 ms, and waiting and replayMs of at least 0.`
      )
