/** Atrium as a row of the bench: the whole house, every guarantee on, a plan that lets the load through. */
import * as Native from "@atrium/backend-native/Native"
import * as Atrium from "@atrium/core/Atrium"
import type { AgentTemplate } from "@atrium/core/agents/AgentTemplate"
import type { BindingPolicy } from "@atrium/core/agents/Binding"
import type { AgentBackend } from "@atrium/core/backend/AgentBackend"
import { Conversations } from "@atrium/core/conversations/Conversations"
import type { BackendError, StorageError, TenancyError, TurnError } from "@atrium/core/errors"
import type { ConversationId } from "@atrium/core/ids"
import type { Storage } from "@atrium/core/storage/Storage"
import { type Caller, Principal } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { Turns } from "@atrium/core/turns/Turns"
import * as OpenAi from "@atrium/model-openai/OpenAi"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import type { Opened } from "./Row.ts"

export interface House {
  readonly storage: Layer.Layer<Storage, StorageError>
  readonly backend: Layer.Layer<AgentBackend, BackendError, Storage>
  readonly template?: Partial<AgentTemplate>
  readonly binding?: BindingPolicy
}

/** Agents of our own, asking the model at that address. */
export const native = (modelUrl: string): House["backend"] =>
  Native.layer.pipe(Layer.provide(OpenAi.layer({ baseUrl: modelUrl, model: "fake-model" })))

/** Logs are for people; a record for each turn is written in production at a level of one's choice. */
export const quiet = Layer.succeed(References.MinimumLogLevel, "Warn" as const)

const rate = { turns: 1_000_000, windowMs: 60_000 }

/** Core with one agent, "bench": a window of 20 messages, a limit and a queue that let the load through. */
export const core = (
  { backend, binding, storage, template = {} }: House,
  resolver: Layer.Layer<TenantResolver, never, Storage>
) =>
  Atrium.layer(
    {
      bench: {
        binding: binding ?? { _tag: "Shared", showUser: false },
        template: {
          name: "bench",
          model: "fake/fake-model",
          blocks: [],
          window: { messages: 20 },
          ...template
        }
      }
    },
    { plans: { default: { user: rate, waiting: 32, replayMs: 86_400_000 } } }
  ).pipe(
    Layer.provide(backend),
    Layer.provideMerge(resolver),
    Layer.provideMerge(Atrium.maintenance),
    Layer.provideMerge(storage),
    Layer.provideMerge(quiet)
  )

type Served = Atrium.Facades | Storage | TenantResolver

/** A house with the doors that the bench goes in by. */
export interface OpenedHouse extends Opened {
  /** Runs as that user. */
  readonly as: <A, E>(user: number, self: Effect.Effect<A, E, Served | Principal>) => Promise<A>
}

/** Whose turns a conversation's are; kept as an app keeps who is signed in. */
interface Present {
  readonly caller: Caller
  readonly conversation: ConversationId
}

/** A turn: sent, and its events read to the end. */
export const turnIn = (
  conversation: ConversationId,
  text: string
): Effect.Effect<void, TurnError, Turns | Principal> =>
  Effect.flatMap(Turns, (turns) => Stream.runDrain(turns.stream({ conversation, text })))

/**
 * A house whose turns are `Turns.stream`s read to their end. Each user has a conversation with one
 * shared agent.
 */
export const openHouse = async (house: House): Promise<OpenedHouse> => {
  const runtime = ManagedRuntime.make(core(house, TenantResolver.layerTrusted))
  const people = new Map<number, Promise<Present>>()
  const { conversations, resolver, turns } = await runtime.runPromise(
    Effect.all({ conversations: Conversations, resolver: TenantResolver, turns: Turns })
  )
  const callerOf = (user: number): Effect.Effect<Caller, TenancyError> =>
    resolver.renew({ tenant: "bench", user: `user-${user}`, scopes: ["turns"] })
  const arrive = (user: number) =>
    runtime.runPromise(
      Effect.gen(function* () {
        const caller = yield* callerOf(user)
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
          Stream.runDrain(turns.stream({ conversation, text: `message ${turn} of user-${user}` })),
          Principal,
          caller
        )
      )
    },
    as: (user, self) =>
      runtime.runPromise(
        Effect.flatMap(callerOf(user), (caller) => Effect.provideService(self, Principal, caller))
      ),
    close: () => runtime.dispose()
  }
}
