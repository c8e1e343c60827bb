/** Facades that do less or more than they say. */

import { Atrium } from "@atrium/core"
import { Agents } from "@atrium/core/agents/Agents"
import { Bindings } from "@atrium/core/agents/Bindings"
import { Permissions } from "@atrium/core/tenancy/Permissions"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { Users } from "@atrium/core/tenancy/Users"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { app, conversations, type Mutant } from "./Mutant.ts"

export const facades: ReadonlyArray<Mutant> = [
  conversations("clearing one's own clears the tenant's", ["ISO-1b", "ISO-2a", "SRC-3"], (all) => ({
    ...all,
    clear: () =>
      all
        .clear("tenant")
        .pipe(
          TenantResolver.provide({ tenant: "acme", scopes: ["operator"] }),
          Effect.orDie,
          Effect.provide(TenantResolver.layerTrusted)
        )
  })),
  conversations("a title is not kept", ["SRC-6"], (all) => ({
    ...all,
    start: (template) => all.start(template)
  })),
  conversations(
    "a key is not looked at",
    ["MEM-7a", "SRC-7", "TEN-2a", "TRN-3g", "TRN-5a", "TRN-5b"],
    (all) => ({
      ...all,
      resolve: (template) => all.resolve(template)
    })
  ),
  conversations("deleting does nothing", ["TRN-6e"], (all) => ({
    ...all,
    delete: () => Effect.void
  })),
  app("users keep one property", ["SRC-4"], (agents, options) =>
    Layer.effect(
      Users,
      Effect.map(Users, (all) => ({
        ...all,
        save: (user) =>
          all.save({
            ...user,
            properties: Object.fromEntries(Object.entries(user.properties).slice(1))
          })
      }))
    ).pipe(Layer.provideMerge(Atrium.layer(agents, options)))
  ),
  app("attachments stay", ["SRC-5"], (agents, options) =>
    Layer.effect(
      Bindings,
      Effect.map(Bindings, (all) => ({ ...all, detach: () => Effect.void }))
    ).pipe(Layer.provideMerge(Atrium.layer(agents, options)))
  ),
  app("agents stay", ["SRC-11"], (agents, options) =>
    Layer.effect(
      Agents,
      Effect.map(Agents, (all) => ({ ...all, delete: () => Effect.void }))
    ).pipe(Layer.provideMerge(Atrium.layer(agents, options)))
  ),
  (() => {
    let first: Parameters<typeof Atrium.layer>[0] | undefined
    return app(
      "templates are copied when an app is first opened",
      ["SRC-10"],
      (agents, options) => {
        if (first === undefined || agents["own"] !== undefined) first = agents
        if (agents["own"] === undefined && first["own"] === undefined)
          return Atrium.layer(first, options)
        first = agents
        return Atrium.layer(agents, options)
      }
    )
  })(),
  app("a facade has a method more than the kit knows", ["ISO-1a"], (agents, options) =>
    Layer.effect(
      Permissions,
      Effect.map(Permissions, (all) => ({ ...all, grant: () => Effect.void }))
    ).pipe(Layer.provideMerge(Atrium.layer(agents, options)))
  )
]
