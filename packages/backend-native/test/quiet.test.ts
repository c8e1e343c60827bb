/** Spans say what was asked and what it cost; neither they nor the log say what was written. */
import { Users } from "@atrium/core/tenancy/Users"
import { assert, it } from "@effect/vitest"
import * as AiError from "effect/ai/AiError"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Tracer from "effect/Tracer"
import { TestClock } from "effect/testing"
import { app, as, send, talk } from "./house.ts"

const secret = "the-secret-word"

it.effect("a span `chat {model}` a call, and no text of anybody in spans and logs", () => {
  const spans: Array<Tracer.NativeSpan> = []
  const logged: Array<string> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const log = Logger.make(({ cause, message }) => {
    logged.push(JSON.stringify([message, `${cause}`]))
  })
  return Effect.gen(function* () {
    const users = yield* Users
    yield* users.save({ id: "alice", name: secret, properties: { plan: secret } })
    const turn = yield* Effect.forkChild(Effect.flatMap(talk(), (id) => send(id, secret)))
    while (turn.pollUnsafe() === undefined) {
      yield* Effect.replicateEffect(Effect.yieldNow, 50, { discard: true })
      yield* TestClock.adjust("1 second")
    }
    assert.strictEqual((yield* Fiber.join(turn)).at(-1)?._tag, "TurnFinished")
    const chats = spans.filter(({ name }) => name === "chat test/model")
    assert.lengthOf(chats, 3)
    const last = chats.at(-1)
    assert.deepStrictEqual(Object.fromEntries(last?.attributes ?? []), {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "test",
      "gen_ai.request.model": "test/model",
      "gen_ai.response.finish_reasons": ["stop"],
      "gen_ai.usage.input_tokens": 10,
      "gen_ai.usage.output_tokens": 5
    })
    const told = spans.map(({ attributes, name, status }) =>
      JSON.stringify([
        name,
        [...attributes],
        status._tag === "Ended" && status.exit._tag === "Failure" ? `${status.exit.cause}` : ""
      ])
    )
    assert.notInclude(told.join(), secret)
    assert.isAbove(logged.length, 0)
    assert.notInclude(logged.join(), secret)
  }).pipe(
    as("alice", "operator"),
    Effect.provide(
      app({
        log: Logger.layer([log]),
        template: { blocks: [{ label: "human", owner: "user", value: "{user.name}" }] },
        script: [
          {
            text: secret,
            fails: new AiError.InternalProviderError({ description: "down" })
          },
          { calls: [{ name: "memory_append", params: { label: "human", text: secret } }] },
          secret
        ]
      })
    ),
    Effect.provideService(Tracer.Tracer, tracer)
  )
})
