/** What a user costs: an agent is a row, and one that all share is one row. */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Conversations } from "../src/conversations/Conversations.ts"
import { TenantResolver } from "../src/tenancy/TenantResolver.ts"
import { app } from "./turns-app.ts"

const users = 1000

setFlagsFromString("--expose-gc")
const collect: unknown = runInNewContext("gc")

const heap = Effect.sync(() => {
  if (typeof collect === "function") collect()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return heapUsed + arrayBuffers
})

/** Bytes of heap for each of 1,000 users who have a conversation with an agent of `template`. */
const perUser = (template: string) =>
  Effect.gen(function* () {
    const conversations = yield* Conversations
    const before = yield* heap
    yield* Effect.forEach(
      Array.from({ length: users }, (_, n) => `user ${n}`),
      (user) =>
        conversations
          .resolve(template)
          .pipe(TenantResolver.provide({ tenant: "acme", user, scopes: ["turns"] })),
      { discard: true }
    )
    return ((yield* heap) - before) / users
  }).pipe(Effect.provide(app()))

it.live("[069] the heap of 1,000 users of one agent, and of 1,000 agents", () =>
  Effect.gen(function* () {
    yield* perUser("helper")
    const shared = yield* perUser("helper")
    const own = yield* perUser("own")
    process.stdout.write(
      `heap per user: ${Math.round(shared)} bytes on one shared agent, ${Math.round(own)} with an agent each\n`
    )
    assert.isBelow(shared, 20_000)
    assert.isBelow(own, 40_000)
  })
)
