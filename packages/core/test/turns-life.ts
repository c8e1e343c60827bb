/** Lives of an app over a storage that outlives it, as a process that is started and stopped. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Atrium from "../src/Atrium.ts"
import { AgentBackend, type AgentDriver } from "../src/backend/AgentBackend.ts"
import { textOf } from "../src/conversations/Message.ts"
import { Storage } from "../src/storage/Storage.ts"
import { TenantResolver } from "../src/tenancy/TenantResolver.ts"
import { agents } from "./turns-app.ts"

type Run = AgentDriver["turns"]["run"]

/** Answers with what it heard. */
export const echo: Run = Effect.fnUntraced(function* (turn) {
  const parts = [{ _tag: "Text", text: `re: ${textOf(turn.input)}` }] as const
  const id = `${turn.turn.id}-${turn.attempt}.1`
  const message = { id, role: "assistant", parts, turnId: "", at: 0, partial: false } as const
  yield* turn.commit([{ _tag: "MessageStored", message }], { stop: "answered" })
  return "answered" as const
})

/** A storage in memory that one process owns, as SQLite's is. */
export const ownedStorage = Effect.map(Layer.build(Storage.layerMemory), (built) => ({
  ...Context.get(built, Storage),
  owners: "one" as const
}))

const ann = TenantResolver.provide({ tenant: "acme", user: "ann", scopes: ["turns"] })

/** An app that is closed before the test's end. */
export const opened = Effect.fnUntraced(function* (store: Storage["Service"], run: Run = echo) {
  const scope = yield* Scope.make()
  const backend = AgentBackend.layer(
    Effect.succeed({
      name: "test",
      agents: {
        provision: ({ agentId }) => Effect.succeed(agentId),
        open: (_, conversation) => Effect.succeed(conversation),
        delete: () => Effect.void
      },
      turns: { run }
    })
  )
  const services = yield* Layer.buildWithScope(
    Atrium.layer(agents).pipe(
      Layer.provide(backend),
      Layer.provide(Layer.succeed(Storage, store)),
      Layer.provideMerge(TenantResolver.layerTrusted)
    ),
    scope
  )
  return {
    run: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.provide(ann(self), services),
    close: Scope.close(scope, Exit.void)
  }
})
