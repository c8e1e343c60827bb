/** Which agent serves this caller: resolved, and provisioned once. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { AgentBackend } from "../backend/AgentBackend.ts"
import { asTurnError, rejected, TurnError } from "../errors.ts"
import { AgentId, fresh, joinKey, UserId, whyRefused } from "../ids.ts"
import * as KeyedLock from "../internal/KeyedLock.ts"
import type { By, Page } from "../Page.ts"
import { checkBy } from "../Page.ts"
import type { AgentRecord } from "../storage/AgentStore.ts"
import { Storage } from "../storage/Storage.ts"
import { callerWith, userWith, wholeTenant } from "../tenancy/Permissions.ts"
import type { Caller, Principal } from "../tenancy/Principal.ts"
import { type Agent, agentOf, unboundOf } from "./Agent.ts"
import type { Bound } from "./Binding.ts"
import { Definitions } from "./Definitions.ts"

type As<A> = Effect.Effect<A, TurnError, Principal>

export class Bindings extends Context.Service<
  Bindings,
  {
    /**
     * The agent that serves the caller under this template; made on first use. Any number of
     * callers at once get one agent [TEN-1]. Needs `turns` and a user.
     */
    readonly resolve: (template: string) => As<Agent>
    /** The agent, if it was made before. */
    readonly find: (template: string) => As<Option.Option<Agent>>
    /** Marks a user as served by an agent: for look-up, never an authority. Needs `operator`. */
    readonly attach: (bound: Bound) => As<void>
    readonly detach: (bound: Bound) => As<void>
    /** Attachments of an agent or of a user. Needs `operator`. */
    readonly list: (of: Partial<Bound>, by: By) => As<Page<Bound>>
  }
>()("@atrium/core/agents/Bindings") {
  static readonly layer: Layer.Layer<Bindings, never, Storage | AgentBackend | Definitions> =
    Layer.effect(
      Bindings,
      Effect.gen(function* () {
        const storage = yield* Storage
        const backend = yield* AgentBackend
        const definitions = yield* Definitions
        const { agents, bindings } = storage.stores
        const oneAtATime = KeyedLock.make()

        const pinned = Effect.fnUntraced(function* (caller: Caller, template: string) {
          const { binding } = yield* definitions.find(template)
          const owner = binding._tag === "PerUser" ? Option.getOrNull(caller.userId) : null
          const pin = { template, owner }
          const id = yield* bindings.find(caller, pin)
          const found = Option.isNone(id) ? Option.none() : yield* agents.find(caller, id.value)
          return { pin, found }
        })

        /** Binds and writes the agent's row: the first of many callers decides which agent it is. */
        const claim = Effect.fnUntraced(function* (caller: Caller, user: string, template: string) {
          const id = yield* fresh("agent")
          const createdAt = yield* Clock.currentTimeMillis
          const { template: made } = yield* definitions.find(template)
          return yield* storage.transact(
            Effect.gen(function* () {
              const { found, pin } = yield* pinned(caller, template)
              if (Option.isSome(found)) return found.value
              yield* bindings.pin(caller, pin, id)
              const record: AgentRecord = {
                id,
                template,
                owner: pin.owner,
                tags: [...(pin.owner === null ? [] : [`user:${user}`]), ...(made.tags ?? [])],
                state: "active",
                ref: null,
                createdAt,
                lastTurnAt: null
              }
              yield* agents.save(caller, record)
              if (pin.owner !== null) {
                yield* bindings.attach(caller, { agentId: id, userId: pin.owner })
              }
              return record
            })
          )
        })

        /** Outside any transaction, because the backend may be far away; idempotent by the id. */
        const provision = Effect.fnUntraced(function* (caller: Caller, record: AgentRecord) {
          const { template } = yield* definitions.find(record.template)
          const ref = yield* backend.agents.provision(unboundOf(caller, record), template)
          return yield* storage.transact(
            Effect.gen(function* () {
              const now = yield* agents.find(caller, record.id)
              if (Option.isNone(now)) {
                return yield* TurnError.because({ _tag: "Gone", what: "agent" })
              }
              const provisioned = { ...now.value, ref: now.value.ref ?? ref }
              yield* agents.save(caller, provisioned)
              return provisioned
            })
          )
        })

        const resolve = Effect.fn("Bindings.resolve")(function* (template: string) {
          const { caller, user } = yield* userWith("turns")
          const { found, pin } = yield* storage.transact(pinned(caller, template))
          if (Option.isSome(found) && found.value.ref !== null) return agentOf(found.value)
          const key = joinKey(caller.tenantId, template, pin.owner ?? "")
          const record = yield* Effect.gen(function* () {
            const claimed = yield* claim(caller, user, template)
            return claimed.ref === null ? yield* provision(caller, claimed) : claimed
          }).pipe(oneAtATime(key))
          return agentOf(record)
        }, asTurnError)

        const operator = Effect.map(callerWith("operator"), wholeTenant)
        return Bindings.of({
          resolve,
          find: Effect.fn("Bindings.find")(function* (template) {
            const { caller } = yield* userWith("turns")
            const { found } = yield* storage.transact(pinned(caller, template))
            return Option.map(found, agentOf)
          }, asTurnError),
          attach: Effect.fn("Bindings.attach")(function* (bound) {
            const scope = yield* operator
            const why = whyRefused("userID", bound.userId)
            if (why !== undefined) {
              return yield* TurnError.because(rejected("userID", why))
            }
            yield* storage.transact(
              Effect.gen(function* () {
                const agent = Option.getOrUndefined(yield* agents.find(scope, bound.agentId))
                if (agent === undefined || agent.state === "deleting") {
                  return yield* TurnError.because({ _tag: "NotFound", what: "agent" })
                }
                yield* bindings.attach(scope, bound)
              })
            )
          }, asTurnError),
          detach: Effect.fn("Bindings.detach")(function* (bound) {
            yield* bindings.detach(yield* operator, bound)
          }, asTurnError),
          list: Effect.fn("Bindings.list")(function* (of, by) {
            const scope = yield* operator
            const refused = checkBy(by)
            if (refused !== undefined) return yield* TurnError.because(refused)
            const { items, next } = yield* bindings.list(scope, of, by)
            return {
              next,
              items: items.map(({ agentId, userId }) => ({
                agentId: AgentId(agentId),
                userId: UserId(userId)
              }))
            }
          }, asTurnError)
        })
      })
    )
}
