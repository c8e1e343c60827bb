import * as Atrium from "@atrium/core/Atrium"
import { AgentBackend } from "@atrium/core/backend/AgentBackend"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { answer, textOf } from "@atrium/core/conversations/Message"
import { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { Turns } from "@atrium/core/turns/Turns"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

const stopped: Array<string> = []

/** Hangs at "hang", stores other text than it told at "lie", answers everything else. */
const backend = AgentBackend.layer(
  Effect.succeed({
    name: "moody",
    agents: {
      provision: ({ agentId }) => Effect.succeed(agentId),
      open: (_, conversation) => Effect.succeed(conversation),
      delete: () => Effect.void
    },
    turns: {
      run: Effect.fnUntraced(function* (turn) {
        const text = textOf(turn.input)
        const id = `${turn.turn.id}-1.${turn.attempt}`
        yield* turn.emit({ _tag: "TextDelta", messageId: id, part: 0, offset: 0, text })
        if (text === "hang") {
          return yield* Effect.onInterrupt(Effect.never, () =>
            Effect.sync(() => stopped.push(text))
          )
        }
        const stored = text === "lie" ? "something else" : text
        yield* turn.commit([{ _tag: "MessageStored", message: answer(id, stored) }], {
          stop: "answered"
        })
        return "answered" as const
      })
    }
  } satisfies Parameters<typeof AgentBackend.of>[0])
)

const app = Atrium.layer({
  moody: {
    binding: { _tag: "Shared", showUser: false },
    template: { name: "moody", model: "demo/moody", blocks: [], onBusy: "interrupt" }
  }
}).pipe(
  Layer.provide(backend),
  Layer.provide(Storage.layerMemory),
  Layer.provideMerge(TenantResolver.layerTrusted)
)

const asAlice = TenantResolver.provide({ tenant: "acme", user: "alice", scopes: ["turns"] })
const talk = Effect.flatMap(Conversations, (conversations) => conversations.resolve("moody"))
const begun = (id: Parameters<Turns["Service"]["follow"]>[0]) =>
  Effect.flatMap(Turns, (turns) =>
    Stream.runHead(Stream.filter(turns.follow(id), ({ _tag }) => _tag === "TextDelta"))
  )

it.live("TRN-6 a turn whose conversation is deleted is stopped, and its readers told", () =>
  Effect.gen(function* () {
    const turns = yield* Turns
    const conversations = yield* Conversations
    const { id: conversation } = yield* talk
    const turn = yield* turns.send({ conversation, text: "hang" })
    yield* begun(turn.id)
    const reader = yield* Effect.forkChild(Effect.flip(Stream.runDrain(turns.follow(turn.id))))
    yield* Effect.yieldNow
    yield* conversations.delete(conversation)
    const error = yield* Effect.timeout(Fiber.join(reader), 2000)
    assert.strictEqual(error.reason._tag, "Gone")
    assert.deepStrictEqual(stopped.splice(0), ["hang"])
  }).pipe(asAlice, Effect.provide(app))
)

it.live("TRN-4 an interrupting send interrupts, also when its caller leaves at once", () =>
  Effect.gen(function* () {
    const turns = yield* Turns
    const { id: conversation } = yield* talk
    const hanging = yield* turns.send({ conversation, text: "hang" })
    yield* begun(hanging.id)
    const caller = yield* Effect.forkChild(turns.send({ conversation, text: "now", id: "now" }))
    yield* Effect.yieldNow
    yield* Fiber.interrupt(caller)
    const { text } = yield* Effect.timeout(
      turns.ask({ conversation, text: "now", id: "now" }),
      2000
    )
    assert.strictEqual(text, "now")
    assert.strictEqual((yield* turns.find(hanging.id)).state, "finished")
  }).pipe(asAlice, Effect.provide(app))
)

it.live("TRN-2 a backend that stores other text than it told fails its turn", () =>
  Effect.gen(function* () {
    const turns = yield* Turns
    const { id: conversation } = yield* talk
    const error = yield* Effect.flip(turns.ask({ conversation, text: "lie" }))
    assert.strictEqual(error.reason._tag, "Malformed")
    const { items } = yield* (yield* Conversations).messages(conversation, {})
    assert.deepStrictEqual(
      items.map(({ role }) => role),
      ["user"]
    )
  }).pipe(asAlice, Effect.provide(app))
)

it.live("TRN-4 interrupting sends wait no more than the plan allows", () =>
  Effect.gen(function* () {
    const turns = yield* Turns
    const { id: conversation } = yield* talk
    yield* turns.send({ conversation, text: "hang" })
    const sends = yield* Effect.forEach(
      Array.from({ length: 9 }, (_, i) => i),
      (i) => Effect.result(turns.send({ conversation, text: `hang ${i}`, onBusy: "queue" }))
    )
    assert.strictEqual(sends.filter(({ _tag }) => _tag === "Failure").length, 1)
    const error = yield* Effect.flip(turns.send({ conversation, text: "now", onBusy: "interrupt" }))
    assert.deepStrictEqual(error.reason, { _tag: "Busy", ahead: 9 })
  }).pipe(asAlice, Effect.provide(app))
)
