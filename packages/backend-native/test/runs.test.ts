/** Runs that died, and what the next one makes of them. */
import { AgentBackend, type Running } from "@atrium/core/backend/AgentBackend"
import { AgentId, ConversationId, TurnId } from "@atrium/core/ids"
import { Storage } from "@atrium/core/storage/Storage"
import { Principal } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { Turns } from "@atrium/core/turns/Turns"
import { layer as scripted } from "@atrium/testing/ScriptedModel"
import { assert, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Native } from "../src/index.ts"
import { app, as, asked, promptText, talk, template } from "./house.ts"

it.live("a run that died after a step goes on behind it, and asks nothing twice", () =>
  Effect.gen(function* () {
    const kept = Context.get(yield* Layer.build(Storage.layerMemory), Storage)
    const storage = Layer.succeed(Storage, { ...kept, owners: "one" as const })
    const search = { name: "passage_search", params: { query: "ferry" } }
    const id = yield* Effect.gen(function* () {
      const turns = yield* Turns
      const turn = yield* turns.send({ conversation: yield* talk(), text: "When?" })
      yield* Stream.runDrain(
        Stream.takeUntil(
          Stream.filter(turns.follow(turn.id), ({ _tag }) => _tag === "TextDelta"),
          () => true
        )
      )
      return turn.id
    }).pipe(
      as("alice"),
      Effect.provide(
        app({ script: [{ calls: [search] }, { text: "Half of it", between: "1 hour" }] }, storage)
      )
    )
    const { calls, events } = yield* Effect.gen(function* () {
      const turns = yield* Turns
      const events = yield* Stream.runCollect(turns.follow(id))
      return { events, calls: yield* asked }
    }).pipe(as("alice"), Effect.provide(app({ script: ["All of it."] }, storage)))
    assert.lengthOf(calls, 1)
    assert.include(
      calls[0] === undefined ? "" : promptText(calls[0]),
      `user: When?\n---\nassistant: passage_search#call_1_0({"query":"ferry"})\n---\ntool: passage_search#call_1_0 -> {"passages":[]}`
    )
    const stored = events.flatMap((one) => (one._tag === "MessageStored" ? one.message : []))
    assert.deepStrictEqual(
      stored.map(({ role }) => role),
      ["assistant", "tool", "assistant"]
    )
    assert.strictEqual(new Set(stored.map((message) => message.id)).size, 3)
    assert.deepStrictEqual(stored.at(-1)?.parts, [{ _tag: "Text", text: "All of it." }])
    assert.strictEqual(events.filter(({ _tag }) => _tag === "ModelCalled").length, 2)
  }).pipe(Effect.scoped)
)

/** A run of a turn as core would ask for it, by hand. */
const running = Effect.map(
  Principal,
  (scope): Running => ({
    scope,
    agentId: AgentId("agent_1"),
    owner: Option.none(),
    ref: "agent_1",
    conversationRef: "conv_1",
    turn: {
      id: TurnId("turn_1"),
      conversationId: ConversationId("conv_1"),
      retryOf: Option.none(),
      state: "running"
    },
    position: 1,
    input: {
      id: "turn_1-0",
      role: "user",
      parts: [{ _tag: "Text", text: "hello" }],
      turnId: "turn_1",
      at: 0,
      partial: false
    },
    template,
    user: Option.none(),
    past: [],
    attempt: 0,
    draft: Option.none(),
    tools: [],
    callTools: () => Effect.succeed([]),
    emit: () => Effect.void,
    commit: () => Effect.void,
    abandoned: Effect.succeed(false)
  })
)

const driven = (run: (turn: Running) => Partial<Running>) =>
  Effect.gen(function* () {
    const backend = yield* AgentBackend
    const turn = yield* running
    return yield* backend.turns.run({ ...turn, ...run(turn) })
  }).pipe(
    as("alice"),
    Effect.scoped,
    Effect.provide(
      Native.layer.pipe(
        Layer.provide(Storage.layerMemory),
        Layer.provide(scripted()),
        Layer.provideMerge(TenantResolver.layerTrusted)
      )
    )
  )

it.effect("a step that cannot be read fails the turn, because its calls may have run", () =>
  Effect.gen(function* () {
    for (const draft of [null, {}, { version: 2 }, { version: 1, parts: "?" }]) {
      const error = yield* Effect.flip(driven(() => ({ draft: Option.some(draft) })))
      assert.strictEqual(error.reason._tag, "Malformed")
    }
  })
)

it.effect("a tool of a reserved name that reaches a run fails it", () =>
  Effect.gen(function* () {
    const spec = {
      name: "memory_append",
      description: "",
      input: {},
      retry: "safe",
      approval: "never",
      timeoutMs: 1
    } as const
    const error = yield* Effect.flip(driven(() => ({ tools: [spec] })))
    assert.strictEqual(error.reason._tag, "Rejected")
  })
)
