import * as Atrium from "@atrium/core/Atrium"
import { Agents } from "@atrium/core/agents/Agents"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Cursor from "@atrium/core/turns/Cursor"
import type { TurnEvent } from "@atrium/core/turns/TurnEvent"
import { Turns } from "@atrium/core/turns/Turns"
import * as Echo from "@atrium/testing/Echo"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

const app = Atrium.layer({
  support: {
    binding: { _tag: "PerUser" },
    template: { name: "support", model: "demo/echo", blocks: [] }
  }
}).pipe(
  Layer.provide(Echo.layer),
  Layer.provide(Storage.layerMemory),
  Layer.provideMerge(TenantResolver.layerTrusted)
)

const asAlice = TenantResolver.provide({
  tenant: "acme",
  user: "alice",
  scopes: ["turns", "agents"]
})

const talk = Effect.flatMap(Conversations, (conversations) => conversations.resolve("support"))

it.effect("ISO-2 the scope agents without a user reaches no user's agents", () =>
  Effect.gen(function* () {
    const agents = yield* Agents
    const { agentId } = yield* asAlice(talk)
    const nobody = TenantResolver.provide({ tenant: "acme", scopes: ["agents"] })
    for (const attempt of [
      Effect.asVoid(agents.list({})),
      Effect.asVoid(agents.find(agentId)),
      Effect.asVoid(agents.update(agentId, { tags: ["mine"] }))
    ]) {
      const error = yield* Effect.flip(nobody(attempt))
      assert.deepStrictEqual(error.reason, {
        _tag: "Rejected",
        field: "userID",
        why: "userID cannot be empty"
      })
    }
    const operator = TenantResolver.provide({ tenant: "acme", scopes: ["agents", "operator"] })
    const { items } = yield* operator(agents.list({}))
    assert.deepStrictEqual(
      items.map(({ id, tags }) => [id, tags]),
      [[agentId, ["user:alice"]]]
    )
  }).pipe(Effect.provide(app))
)

it.effect("who acts as a user is no operator any more", () =>
  Effect.gen(function* () {
    const resolver = yield* TenantResolver
    const server = TenantResolver.provide({
      tenant: "acme",
      scopes: ["act-as", "operator", "turns"]
    })
    const caller = yield* server(resolver.actAs("bob"))
    assert.deepStrictEqual([...caller.scopes], ["turns"])
    const plain = TenantResolver.provide({ tenant: "acme", scopes: ["turns"] })
    const error = yield* Effect.flip(plain(resolver.actAs("bob")))
    assert.deepStrictEqual(error.reason, { _tag: "Forbidden", scope: "act-as" })
  }).pipe(Effect.provide(app))
)

it.effect("TRN-3 a retry names a failed turn of its conversation", () =>
  Effect.gen(function* () {
    const turns = yield* Turns
    const { id: conversation } = yield* talk
    const { message } = yield* turns.ask({ conversation, text: "one" })
    const { items } = yield* (yield* Conversations).messages(conversation, {})
    const answered = yield* turns.send({ conversation, text: "two" })
    const error = yield* Effect.flip(
      turns.send({ conversation, text: "again", retryOf: answered.id })
    )
    assert.strictEqual(error.reason._tag, "Rejected")
    assert.strictEqual(items.at(-1)?.id, message.id)
  }).pipe(asAlice, Effect.provide(app))
)

it.effect("TRN-2 a reader that leaves and comes back at once is told nothing twice", () =>
  Effect.gen(function* () {
    const turns = yield* Turns
    const { id: conversation } = yield* talk
    const text = "a text that is told in many pieces, one after another, to the very end"
    const turn = yield* turns.send({ conversation, text })
    const seen: Array<TurnEvent> = []
    let last: string | undefined
    while (seen.at(-1)?._tag !== "TurnFinished") {
      const [event] = yield* Stream.runCollect(Stream.take(turns.follow(turn.id, last), 1))
      if (event === undefined) break
      seen.push(event)
      last = Cursor.after(event)
    }
    const told = seen.map((event) => (event._tag === "TextDelta" ? event.text : "")).join("")
    assert.strictEqual(told, `echo: ${text}`)
    assert.strictEqual(seen.at(-1)?._tag, "TurnFinished")
  }).pipe(asAlice, Effect.provide(app))
)
