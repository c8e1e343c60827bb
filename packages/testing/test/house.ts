/** The whole house over a remote server, as the tests here use it. */
import { Atrium } from "@atrium/core"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { Turns } from "@atrium/core/turns/Turns"
import * as Remote from "@atrium/testing/Remote"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"

/** One app over a storage that outlives it. */
export const app = (storage: Storage["Service"], options: Remote.Options) =>
  Atrium.layer({
    support: {
      binding: { _tag: "Shared", showUser: true },
      template: { name: "support", model: "remote/model", blocks: [] }
    }
  }).pipe(
    Layer.provide(Remote.layer(options)),
    Layer.provide(Layer.succeed(Storage, storage)),
    Layer.provideMerge(TenantResolver.layerTrusted)
  )

/** A storage that a test hands to one app after another, which then need not wait for leases. */
export const storage = Effect.map(Layer.build(Storage.layerMemory), (built) => ({
  ...Context.get(built, Storage),
  owners: "one" as const
}))

export const alice = TenantResolver.provide({ tenant: "acme", user: "alice", scopes: ["turns"] })

/** An app that a test closes before its own end, as a process that stops. */
export const opened = Effect.fnUntraced(function* (
  store: Storage["Service"],
  options: Remote.Options
) {
  const scope = yield* Scope.make()
  const services = yield* Layer.buildWithScope(app(store, options), scope)
  return {
    turns: Context.get(services, Turns),
    conversations: Context.get(services, Conversations),
    run: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.provide(alice(self), services),
    close: Scope.close(scope, Exit.void)
  }
})
