import { Atrium } from "@atrium/core"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { Turns } from "@atrium/core/turns/Turns"
import * as Echo from "@atrium/testing/Echo"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

const app = Atrium.layer({
  support: {
    binding: { _tag: "Shared", showUser: true },
    template: { name: "support", model: "demo/echo", blocks: [] }
  }
}).pipe(
  Layer.provide(Echo.layer),
  Layer.provide(Storage.layerMemory),
  Layer.provideMerge(TenantResolver.layerTrusted)
)

it.effect("a turn travels the whole house and back", () =>
  Effect.gen(function* () {
    const conversations = yield* Conversations
    const turns = yield* Turns
    const { id } = yield* conversations.resolve("support")
    const answer = yield* turns.ask({ conversation: id, text: "hello" })
    assert.strictEqual(answer.text, "echo: hello")
    const events = yield* Stream.runCollect(
      turns.stream({ conversation: id, text: "a text of more than one piece", id: "k" })
    )
    assert.deepStrictEqual(
      events.map((event) => event._tag),
      ["TurnStarted", "TextDelta", "TextDelta", "TextDelta", "MessageStored", "TurnFinished"]
    )
    const again = yield* Stream.runCollect(
      turns.stream({ conversation: id, text: "a text of more than one piece", id: "k" })
    )
    assert.deepStrictEqual(
      again.map((event) => event._tag),
      ["TurnStarted", "MessageStored", "TurnFinished"]
    )
    const { items } = yield* conversations.messages(id, {})
    assert.strictEqual(items.length, 4)
  }).pipe(
    TenantResolver.provide({ tenant: "acme", user: "alice", scopes: ["turns"] }),
    Effect.provide(app)
  )
)
