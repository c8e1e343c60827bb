/** The agents of a caller. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { AgentBackend } from "../backend/AgentBackend.ts"
import { removeConversation } from "../conversations/RemoveConversation.ts"
import { asTurnError, rejected, TurnError } from "../errors.ts"
import type { AgentId } from "../ids.ts"
import { clearMemory } from "../memory/ClearMemory.ts"
import { allPages, type By, checkBy, type Page } from "../Page.ts"
import { Storage } from "../storage/Storage.ts"
import * as Audit from "../tenancy/Audit.ts"
import { type Asker, askerWith, callerWith } from "../tenancy/Permissions.ts"
import type { Principal } from "../tenancy/Principal.ts"
import { TurnQueue } from "../turns/TurnQueue.ts"
import { type Agent, agentOf, unboundOf } from "./Agent.ts"

type As<A> = Effect.Effect<A, TurnError, Principal>

const maximumTags = 32

/** All of these need the scope `agents` and a user; with `operator` they span the tenant. */
export class Agents extends Context.Service<
  Agents,
  {
    readonly find: (id: AgentId) => As<Agent>
    /** Replaces the tags: at most 32 of 1 to 255 bytes. */
    readonly update: (id: AgentId, change: { readonly tags: ReadonlyArray<string> }) => As<Agent>
    /** `by.tags` keeps the agents that carry all of them. */
    readonly list: (by: By) => As<Page<Agent>>
    /**
     * Removes the agent, its conversations, its memory and what the backend keeps. `operator`. Who
     * asks for one meanwhile gets a new agent; who has just found this one is told `Gone`.
     */
    readonly delete: (id: AgentId) => As<void>
  }
>()("@atrium/core/agents/Agents") {
  static readonly layer: Layer.Layer<Agents, never, Storage | AgentBackend | TurnQueue> =
    Layer.effect(
      Agents,
      Effect.gen(function* () {
        const storage = yield* Storage
        const backend = yield* AgentBackend
        const remove = removeConversation({ storage, queue: yield* TurnQueue })
        const { agents, bindings, conversations } = storage.stores

        /** Whose agents: the tenant's for an operator, else the user's; nobody's without a user. */
        const asker = askerWith("agents")

        const own = Effect.fnUntraced(function* ({ caller, scope }: Asker, id: string) {
          const found = yield* agents.find(scope, id)
          if (Option.isSome(found)) return found.value
          yield* Audit.refusedAccess(caller, "agent")
          return yield* TurnError.because({ _tag: "NotFound", what: "agent" })
        })

        return Agents.of({
          find: Effect.fn("Agents.find")(function* (id) {
            return agentOf(yield* own(yield* asker, id))
          }, asTurnError),
          update: Effect.fn("Agents.update")(function* (id, { tags }) {
            const asking = yield* asker
            const refused =
              tags.length > maximumTags || tags.some((tag) => tag === "" || tag.length > 255)
            if (refused) {
              return yield* TurnError.because(
                rejected("tags", `An agent has at most ${maximumTags} tags of 1 to 255 characters.`)
              )
            }
            return yield* storage.transact(
              Effect.gen(function* () {
                const agent = yield* own(asking, id)
                // What every user of the tenant shares is changed by an operator only.
                if (agent.owner === null && !asking.operator) {
                  return yield* TurnError.because({ _tag: "Forbidden", scope: "operator" })
                }
                const changed = { ...agent, tags }
                yield* agents.save(asking.scope, changed)
                return agentOf(changed)
              })
            )
          }, asTurnError),
          list: Effect.fn("Agents.list")(function* (by) {
            const { scope } = yield* asker
            const refused = checkBy(by)
            if (refused !== undefined) return yield* TurnError.because(refused)
            const { items, next } = yield* agents.list(scope, by)
            return { items: items.map(agentOf), next }
          }, asTurnError),
          delete: Effect.fn("Agents.delete")(function* (id) {
            const asking = yield* asker
            yield* callerWith("operator")
            const { scope } = asking
            // First nobody opens a conversation with it any more; then those that are there go, and
            // its row last, so that who was cut short can delete it again.
            const agent = yield* storage.transact(
              Effect.gen(function* () {
                const agent = yield* own(asking, id)
                const pin = { template: agent.template, owner: agent.owner }
                const pinned = Option.getOrUndefined(yield* bindings.find(scope, pin))
                if (pinned === id) yield* bindings.unpin(scope, pin)
                yield* agents.save(scope, { ...agent, state: "deleting" })
                return agent
              })
            )
            const all = yield* allPages((by) => conversations.list(scope, by))
            for (const { agentId, id: conversation } of all) {
              if (agentId === id) yield* remove(scope, conversation)
            }
            if (agent.ref !== null) {
              yield* backend.agents.delete({ ...unboundOf(scope, agent), ref: agent.ref })
            }
            yield* storage.transact(
              Effect.gen(function* () {
                const attached = yield* allPages((by) => bindings.list(scope, { agentId: id }, by))
                for (const bound of attached) yield* bindings.detach(scope, bound)
                yield* clearMemory(storage, scope, id)
                yield* agents.delete(scope, id)
              })
            )
          }, asTurnError)
        })
      })
    )
}
