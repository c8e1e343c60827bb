/** Deleting an agent beside those who use it: nothing of it stays. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { Agents } from "../src/agents/Agents.ts"
import { Bindings } from "../src/agents/Bindings.ts"
import { Conversations } from "../src/conversations/Conversations.ts"
import { AgentId, UserId } from "../src/ids.ts"
import { Storage } from "../src/storage/Storage.ts"
import { Principal } from "../src/tenancy/Principal.ts"
import { TenantResolver } from "../src/tenancy/TenantResolver.ts"
import { app } from "./turns-app.ts"

const as = (user: string, ...scopes: ReadonlyArray<string>) =>
  TenantResolver.provide({ tenant: "acme", user, scopes })
const ann = as("ann", "turns")
const operator = as("root", "turns", "agents", "operator")

/** A storage whose calls of one kind wait at a gate while it is shut. */
const gatedStorage = (gate: Latch.Latch, method: "list" | "transact") =>
  Layer.effect(
    Storage,
    Effect.map(Storage, (storage): Storage["Service"] => {
      const { stores, transact } = storage
      const { conversations } = stores
      return method === "transact"
        ? { ...storage, transact: (self) => Effect.andThen(gate.await, transact(self)) }
        : {
            ...storage,
            stores: {
              ...stores,
              conversations: {
                ...conversations,
                list: (scope, by) => Effect.tap(conversations.list(scope, by), () => gate.await)
              }
            }
          }
    })
  ).pipe(Layer.provide(Storage.layerMemory))

const start = Effect.flatMap(Conversations, (all) => all.start("helper"))
const remove = (id: AgentId) => Effect.flatMap(Agents, (agents) => agents.delete(id))

/** Everything in the store that names the agent. */
const left = (id: string) =>
  TenantResolver.provide({ tenant: "acme", scopes: [] })(
    Effect.gen(function* () {
      const { stores } = yield* Storage
      const scope = yield* Principal
      const { items } = yield* stores.conversations.list(scope, {})
      const bound = yield* stores.bindings.list(scope, { agentId: id }, {})
      return [...items.filter(({ agentId }) => agentId === id), ...bound.items]
    })
  )

const given = (gate: Latch.Latch, method: "list" | "transact") =>
  Layer.merge(app(TenantResolver.layerTrusted, gatedStorage(gate, method)), Logger.layer([]))

describe("an agent that is deleted", () => {
  it.live("takes a conversation with it that is opened while its others are deleted", () => {
    const gate = Latch.makeUnsafe(true)
    return Effect.gen(function* () {
      const { agentId } = yield* ann(start)
      yield* gate.close
      const removing = yield* Effect.forkChild(operator(remove(agentId)))
      yield* Effect.sleep(20)
      // It has listed the conversations, and has not deleted them.
      const opening = yield* Effect.forkChild(Effect.exit(ann(start)))
      yield* Effect.sleep(20)
      yield* gate.open
      yield* Fiber.join(removing)
      yield* Fiber.join(opening)
      assert.deepStrictEqual(yield* left(agentId), [])
      const { agentId: next } = yield* ann(start)
      assert.notStrictEqual(next, agentId)
      yield* operator(Effect.flatMap(Agents, (agents) => agents.find(next)))
    }).pipe(Effect.provide(given(gate, "list")))
  })

  it.live("leaves nobody a conversation who had found it before", () => {
    const gate = Latch.makeUnsafe(true)
    return Effect.gen(function* () {
      const { agentId } = yield* ann(start)
      const agents = yield* Agents
      yield* gate.close
      const opening = yield* Effect.forkChild(Effect.flip(ann(start)))
      yield* Effect.sleep(20)
      // It finds the agent, and is held up once more before it opens the conversation.
      yield* gate.release
      yield* Effect.sleep(20)
      const removing = yield* Effect.forkChild(operator(agents.delete(agentId)))
      for (let i = 0; i < 8 && removing.pollUnsafe() === undefined; i++) {
        yield* Effect.sleep(20)
      }
      yield* gate.open
      yield* Fiber.join(removing)
      yield* Fiber.await(opening)
      assert.deepStrictEqual(yield* left(agentId), [])
    }).pipe(Effect.provide(given(gate, "transact")))
  })

  it.live("takes no user any more", () => {
    const gate = Latch.makeUnsafe(true)
    return Effect.gen(function* () {
      const { agentId } = yield* ann(start)
      yield* gate.close
      const removing = yield* Effect.forkChild(operator(remove(agentId)))
      yield* Effect.sleep(20)
      const bound = { agentId: AgentId(agentId), userId: UserId("bob") }
      const attaching = Effect.flatMap(Bindings, (bindings) => bindings.attach(bound))
      const refused = yield* operator(Effect.flip(attaching))
      assert.strictEqual(refused.reason._tag, "NotFound")
      yield* gate.open
      yield* Fiber.join(removing)
      assert.deepStrictEqual(yield* left(agentId), [])
    }).pipe(Effect.provide(given(gate, "list")))
  })
})
