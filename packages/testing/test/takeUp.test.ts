/** What is told when a stopped process' turns cannot be taken up: an error, and no endless trying. */

import { Atrium } from "@atrium/core"
import { AgentBackend } from "@atrium/core/backend/AgentBackend"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { StorageError, TenancyError, type TurnError } from "@atrium/core/errors"
import { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { Turns } from "@atrium/core/turns/Turns"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { alice, storage } from "./house.ts"

/** A backend that never answers. */
const silent = AgentBackend.layer(
  Effect.succeed({
    name: "silent",
    agents: {
      provision: ({ agentId }) => Effect.succeed(agentId),
      open: (_, conversation) => Effect.succeed(conversation),
      delete: () => Effect.void
    },
    turns: { run: () => Effect.never }
  })
)

const app = (store: Storage["Service"], resolver = TenantResolver.layerTrusted) =>
  Atrium.layer({
    support: {
      binding: { _tag: "Shared", showUser: true },
      template: { name: "support", model: "demo/silent", blocks: [] }
    }
  }).pipe(
    Layer.provide(silent),
    Layer.provide(Layer.succeed(Storage, store)),
    Layer.provideMerge(resolver)
  )

const send = Effect.gen(function* () {
  const { id } = yield* (yield* Conversations).resolve("support")
  return yield* (yield* Turns).send({ conversation: id, text: "hello" })
})

/** What a send into a conversation with an unended turn is told. */
const told = (app: Layer.Layer<Conversations | Turns | TenantResolver, TurnError>) =>
  send.pipe(alice, Effect.provide(app), Effect.flip, Effect.timeout(2000))

describe("turns that cannot be taken up", () => {
  it.live("a stored turn that cannot be read is told to the sender", () =>
    Effect.gen(function* () {
      const store = yield* storage
      yield* send.pipe(alice, Effect.provide(app(store)))
      const { stores } = store
      const facts = () => Effect.fail(StorageError.because({ _tag: "Malformed", what: "A fact" }))
      const torn = { ...store, stores: { ...stores, turns: { ...stores.turns, facts } } }
      const error = yield* told(app(torn))
      assert.strictEqual(error._tag === "TurnError" && error.reason._tag, "Malformed")
    }).pipe(Effect.scoped)
  )

  it.live("a conversation that counts turns it does not have is told to the sender", () =>
    Effect.gen(function* () {
      const store = yield* storage
      yield* send.pipe(alice, Effect.provide(app(store)))
      const { stores } = store
      const unended = () => Effect.succeed([])
      const torn = { ...store, stores: { ...stores, turns: { ...stores.turns, unended } } }
      const error = yield* told(app(torn))
      assert.strictEqual(error._tag === "TurnError" && error.reason._tag, "Malformed")
    }).pipe(Effect.scoped)
  )

  it.live("the turn of who was suspended meanwhile fails, and says why", () =>
    Effect.gen(function* () {
      const store = yield* storage
      const left = yield* send.pipe(alice, Effect.provide(app(store)))
      let suspended = false
      const resolver = TenantResolver.layer({
        resolve: () => Effect.fail(TenancyError.because({ _tag: "Unauthenticated", by: "atrium" })),
        renew: (claims) =>
          suspended
            ? Effect.fail(TenancyError.because({ _tag: "Unauthenticated", by: "atrium" }))
            : Effect.succeed(claims)
      })
      yield* Effect.gen(function* () {
        const turns = yield* Turns
        suspended = true
        yield* Effect.flip(TenantResolver.provide({ tenant: "acme", scopes: [] })(Effect.void))
        const facts = yield* Stream.runCollect(turns.follow(left.id))
        const end = facts[facts.length - 1]
        assert.deepStrictEqual(end?._tag === "TurnFailed" ? end.reason : end, {
          _tag: "Unauthenticated",
          by: "atrium"
        })
      }).pipe(alice, Effect.provide(app(store, resolver)), Effect.timeout(10_000))
    }).pipe(Effect.scoped)
  )
})
