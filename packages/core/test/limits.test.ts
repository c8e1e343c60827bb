/** Permissions: what no scope of the caller names is refused, on every facade. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Agents } from "../src/agents/Agents.ts"
import { Bindings } from "../src/agents/Bindings.ts"
import { Conversations } from "../src/conversations/Conversations.ts"
import type { TenancyError, TurnError } from "../src/errors.ts"
import { AgentId, ConversationId, TurnId, UserId } from "../src/ids.ts"
import { Limits } from "../src/tenancy/Limits.ts"
import { Permissions } from "../src/tenancy/Permissions.ts"
import type { Principal } from "../src/tenancy/Principal.ts"
import { TenantResolver } from "../src/tenancy/TenantResolver.ts"
import { Users } from "../src/tenancy/Users.ts"
import { Turns } from "../src/turns/Turns.ts"
import { app } from "./turns-app.ts"

const calls = Effect.gen(function* () {
  const turns = yield* Turns
  const conversations = yield* Conversations
  const agents = yield* Agents
  const bindings = yield* Bindings
  const users = yield* Users
  const limits = yield* Limits
  const permissions = yield* Permissions
  const conversation = ConversationId("conv")
  const turn = TurnId("turn")
  const agentId = AgentId("agent")
  const bound = { agentId, userId: UserId("a") }
  return {
    turns: [
      turns.send({ conversation, text: "hi" }),
      turns.ask({ conversation, text: "hi" }),
      Stream.runDrain(turns.stream({ conversation, text: "hi" })),
      Stream.runDrain(turns.follow(turn)),
      turns.find(turn),
      turns.cancel(turn),
      conversations.resolve("helper"),
      conversations.start("helper"),
      conversations.find(conversation),
      conversations.list({}),
      conversations.messages(conversation, {}),
      conversations.delete(conversation),
      conversations.clear("own"),
      bindings.resolve("helper"),
      bindings.find("helper"),
      limits.left
    ],
    agents: [
      agents.find(agentId),
      agents.list({}),
      agents.update(agentId, { tags: [] }),
      agents.delete(agentId)
    ],
    operator: [
      conversations.clear("tenant"),
      bindings.attach(bound),
      bindings.detach(bound),
      bindings.list({}, {}),
      users.save({ id: "a", name: "a", properties: {} }),
      users.list({}),
      permissions.check("operator")
    ]
  }
})

describe("permissions", () => {
  it.effect("[093] a caller without the scope is refused, and told which one is missing", () =>
    Effect.gen(function* () {
      for (const [scope, effects] of Object.entries(yield* calls)) {
        const others = ["turns", "agents", "operator", "act-as"].filter((other) => other !== scope)
        for (const [i, effect] of effects.entries()) {
          const call: Effect.Effect<unknown, TurnError | TenancyError, Principal> = effect
          const as = TenantResolver.provide({ tenant: "acme", user: "a", scopes: others })
          const error = yield* Effect.flip(as(call))
          assert.deepStrictEqual(error.reason, { _tag: "Forbidden", scope }, `${scope} ${i}`)
        }
      }
    }).pipe(Effect.provide(app()))
  )

  it.effect("[093] a scope of the app's own is asked for in the same way", () =>
    Effect.gen(function* () {
      const { check } = yield* Permissions
      const as = (scopes: ReadonlyArray<string>) =>
        TenantResolver.provide({ tenant: "acme", user: "a", scopes })(Effect.exit(check("refunds")))
      assert.strictEqual((yield* as(["refunds"]))._tag, "Success")
      assert.strictEqual((yield* as(["*", "operator"]))._tag, "Failure")
    }).pipe(Effect.provide(app()))
  )
})
