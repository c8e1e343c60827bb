/** The house over a backend that repeats what it hears and can be told to wait or to fail. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Atrium from "../../src/Atrium.ts"
import type { AgentTemplate } from "../../src/agents/AgentTemplate.ts"
import { Bindings } from "../../src/agents/Bindings.ts"
import { AgentBackend, type Running } from "../../src/backend/AgentBackend.ts"
import { Conversations } from "../../src/conversations/Conversations.ts"
import { answer, textOf } from "../../src/conversations/Message.ts"
import { BackendError } from "../../src/errors.ts"
import { BlockId } from "../../src/ids.ts"
import type { BlockRecord } from "../../src/storage/BlockStore.ts"
import { Storage } from "../../src/storage/Storage.ts"
import { Principal } from "../../src/tenancy/Principal.ts"
import { TenantResolver } from "../../src/tenancy/TenantResolver.ts"
import { Turns } from "../../src/turns/Turns.ts"

/** A turn that says "wait" ends when this does. */
export const gate = Deferred.makeUnsafe<void>()

const backend = AgentBackend.layer(
  Effect.succeed({
    name: "test",
    agents: {
      provision: ({ agentId }) => Effect.succeed(agentId),
      open: (_, conversation) => Effect.succeed(conversation),
      delete: () => Effect.void
    },
    turns: {
      run: Effect.fnUntraced(function* (turn: Running) {
        const text = textOf(turn.input)
        if (text.startsWith("wait")) yield* Deferred.await(gate)
        if (text.startsWith("fail")) {
          return yield* BackendError.because({ _tag: "Malformed", what: "the test" })
        }
        const message = answer(`${turn.turn.id}-${turn.attempt}.1`, `I heard: ${text}`)
        yield* turn.commit([{ _tag: "MessageStored", message }], { stop: "answered" })
        return "answered" as const
      })
    }
  })
)

const template: AgentTemplate = {
  name: "helper",
  model: "test/none",
  blocks: [],
  sources: ["handbook"]
}

/** Lines that were logged, as text. */
export const logged: Array<string> = []
const log = Logger.make(({ date: _, ...line }) => {
  logged.push(JSON.stringify(line.message))
})

/** The app over a storage, in memory unless given. */
export const house = (storage: Layer.Layer<Storage> = Storage.layerMemory) =>
  Atrium.layer(
    {
      shared: { template, binding: { _tag: "Shared", showUser: true } },
      own: { template: { ...template, name: "own" }, binding: { _tag: "PerUser" } },
      bare: {
        template: { name: "bare", model: "test/none", blocks: [] },
        binding: { _tag: "PerUser" }
      }
    },
    { plans: { default: { user: { turns: 10_000, windowMs: 1000 }, waiting: 8, replayMs: 1 } } }
  ).pipe(
    Layer.provide(backend),
    Layer.provideMerge(storage),
    Layer.provideMerge(TenantResolver.layerTrusted),
    Layer.provideMerge(Logger.layer([log]))
  )

const scopes = ["turns", "memory"]

/** Runs as a user. */
export const as = (user: string, tenant = "acme") =>
  TenantResolver.provide({ tenant, user, scopes })

/** Runs as the operator, without a user unless given. */
export const operator = (user?: string, tenant = "acme") =>
  TenantResolver.provide({
    tenant,
    scopes: [...scopes, "agents", "operator"],
    ...(user === undefined ? {} : { user })
  })

/** The caller's agent. */
export const agentOf = (name: string) =>
  Effect.map(
    Effect.flatMap(Bindings, (bindings) => bindings.resolve(name)),
    ({ id }) => id
  )

/** The caller says something and waits for the answer. */
export const say = Effect.fnUntraced(function* (text: string, name = "own", key = "default") {
  const { id } = yield* Effect.flatMap(Conversations, (all) => all.resolve(name, key))
  return yield* Effect.flatMap(Turns, (turns) => turns.ask({ conversation: id, text }))
})

/** Writes a block as a backend does when an agent begins, under the caller's scope. */
export const begin = Effect.fnUntraced(function* (block: Partial<BlockRecord>) {
  const { stores } = yield* Storage
  const caller = yield* Principal
  const record: BlockRecord = {
    id: `block_${block.label ?? "human"}_${block.agentId}_${block.userId}_${block.conversationId ?? ""}`,
    agentId: "agent",
    userId: null,
    conversationId: null,
    label: "human",
    description: "What is known of the user",
    value: "",
    owner: "agent",
    limit: 2000,
    readOnly: false,
    revision: 1,
    trust: "operator",
    at: 0,
    ...block
  }
  yield* stores.blocks.insert(caller, [record])
  return BlockId(record.id)
})

/** Why it is refused: the reason, or "done". */
export const refusal = <A, E extends { readonly reason: { readonly _tag: string } }, R>(
  self: Effect.Effect<A, E, R>
) => Effect.match(self, { onFailure: ({ reason }) => reason._tag, onSuccess: () => "done" })
