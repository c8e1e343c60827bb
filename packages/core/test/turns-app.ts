/** The house over a backend that repeats what it hears, as tests of core's facades use it. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Atrium from "../src/Atrium.ts"
import type { AgentDefinition } from "../src/agents/Definitions.ts"
import { AgentBackend, type Running } from "../src/backend/AgentBackend.ts"
import { answer, textOf } from "../src/conversations/Message.ts"
import { Storage } from "../src/storage/Storage.ts"
import { TenantResolver } from "../src/tenancy/TenantResolver.ts"

/** Runs that a backend was asked for, in order. */
export const runs: Array<Running> = []

/** Calls no tools. */
export const backend = AgentBackend.layer(
  Effect.succeed({
    name: "test",
    agents: {
      provision: ({ agentId }) => Effect.succeed(agentId),
      open: (_, conversation) => Effect.succeed(conversation),
      delete: () => Effect.void
    },
    turns: {
      run: Effect.fnUntraced(function* (turn: Running) {
        runs.push(turn)
        const message = answer(`${turn.turn.id}-${turn.attempt}.1`, `re: ${textOf(turn.input)}`)
        yield* turn.commit([{ _tag: "MessageStored", message }], { stop: "answered" })
        return "answered" as const
      })
    }
  })
)

const template = { model: "test/none", blocks: [] } as const

export const agents: Readonly<Record<string, AgentDefinition>> = {
  helper: {
    template: { ...template, name: "helper" },
    binding: { _tag: "Shared", showUser: true }
  },
  own: { template: { ...template, name: "own" }, binding: { _tag: "PerUser" } }
}

/** The app over `resolver` and a storage, in memory unless given. */
export const app = (
  resolver: Layer.Layer<TenantResolver> = TenantResolver.layerTrusted,
  storage: Layer.Layer<Storage> = Storage.layerMemory
) =>
  Atrium.layer(agents, {
    plans: {
      default: { user: { turns: 10_000, windowMs: 1000 }, waiting: 8, replayMs: 86_400_000 }
    }
  }).pipe(
    Layer.provide(backend),
    Layer.provideMerge(storage),
    Layer.provideMerge(resolver),
    Layer.provide(Logger.layer([]))
  )
