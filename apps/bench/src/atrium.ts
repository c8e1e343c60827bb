/** Atrium as a row of the bench: the whole house, every guarantee on, a plan that lets the load through. */
import * as Atrium from "@atrium/core/Atrium"
import type { AgentTemplate } from "@atrium/core/agents/AgentTemplate"
import type { AgentBackend } from "@atrium/core/backend/AgentBackend"
import { Conversations } from "@atrium/core/conversations/Conversations"
import type { StorageError } from "@atrium/core/errors"
import type { ConversationId } from "@atrium/core/ids"
import type { Storage } from "@atrium/core/storage/Storage"
import { type Caller, Principal } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { Turns } from "@atrium/core/turns/Turns"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import type { Opened } from "./rows.ts"

export interface House {
  readonly storage: Layer.Layer<Storage, StorageError>
  readonly backend: Layer.Layer<AgentBackend, never, Storage>
  readonly template?: Partial<AgentTemplate>
}

/** Logs are for people; a record for each turn is written in production at a level of one's choice. */
const quiet = Layer.succeed(References.MinimumLogLevel, "Warn" as const)

const rate = { turns: 1_000_000, windowMs: 60_000 }

/**
 * A house whose turns are `Turns.stream`s read to their end. Each user has a conversation with one
 * shared agent.
 */
export const openHouse = async ({ backend, storage, template = {} }: House): Promise<Opened> => {
  const runtime = ManagedRuntime.make(
    Atrium.layer(
      {
        bench: {
          binding: { _tag: "Shared", showUser: false },
          template: { name: "bench", model: "fake/fake", blocks: [], ...template }
        }
      },
      { plans: { default: { user: rate, waiting: 32, replayMs: 86_400_000 } } }
    ).pipe(
      Layer.provide(backend),
      Layer.provide(storage),
      Layer.provideMerge(TenantResolver.layerTrusted),
      Layer.provideMerge(quiet)
    )
  )
  const people = new Map<number, Promise<{ caller: Caller; conversation: ConversationId }>>()
  const { conversations, resolver, turns } = await runtime.runPromise(
    Effect.all({ conversations: Conversations, resolver: TenantResolver, turns: Turns })
  )
  const arrive = (user: number) =>
    runtime.runPromise(
      Effect.gen(function* () {
        const caller = yield* resolver.renew({
          tenant: "bench",
          user: `user-${user}`,
          scopes: ["turns"]
        })
        const { id } = yield* Effect.provideService(
          conversations.resolve("bench"),
          Principal,
          caller
        )
        return { caller, conversation: id }
      })
    )
  return {
    turn: async (user, turn) => {
      const known = people.get(user) ?? arrive(user)
      people.set(user, known)
      const { caller, conversation } = await known
      await runtime.runPromise(
        Effect.provideService(
          Stream.runDrain(turns.stream({ conversation, text: `hello ${turn}` })),
          Principal,
          caller
        )
      )
    },
    close: () => runtime.dispose()
  }
}
