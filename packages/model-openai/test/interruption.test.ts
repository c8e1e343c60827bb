import { reasonOf } from "@atrium/core/backend/ReasonOf"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { house, until, ways } from "./house.ts"

describe("interruption", () => {
  for (const [way, ask] of ways) {
    it.live(`[016] ${way}: cancels the call before its first byte`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house()
        server.plan({ _tag: "Hangs" })
        const fiber = yield* Effect.forkChild(ask(model))
        yield* until(() => server.count() === 1)
        assert.isFalse(server.requests()[0]?.left)
        yield* Fiber.interrupt(fiber)
        yield* until(() => server.requests()[0]?.left === true)
      })
    )

    it.live(`[016] ${way}: cancels the call in mid-answer`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house()
        server.plan({ _tag: "Hangs", after: 3 })
        const fiber = yield* Effect.forkChild(ask(model))
        yield* until(() => server.count() === 1)
        // Until the beginning of the answer has arrived, as nothing else tells.
        yield* Effect.sleep("50 millis")
        yield* Fiber.interrupt(fiber)
        yield* until(() => server.requests()[0]?.left === true)
      })
    )
  }

  it.live("a reader that has read enough closes the connection", () =>
    Effect.gen(function* () {
      const { model, server } = yield* house()
      server.plan({ _tag: "Hangs", after: 4 })
      const parts = yield* model.streamText({ prompt: "hi" }).pipe(
        Stream.filter((part) => part.type === "text-delta"),
        Stream.take(1),
        Stream.runCollect
      )
      assert.strictEqual(parts.length, 1)
      yield* until(() => server.requests()[0]?.left === true)
    })
  )

  it.live("a caller's time-out closes the connection", () =>
    Effect.gen(function* () {
      const { model, server } = yield* house()
      server.plan({ _tag: "Hangs", after: 4 })
      const over = yield* model
        .streamText({ prompt: "hi" })
        .pipe(Stream.runDrain, Effect.timeoutOption("60 millis"))
      assert.strictEqual(over._tag, "None")
      yield* until(() => server.requests()[0]?.left === true)
    })
  )
})

describe("silence", () => {
  for (const [way, ask] of ways) {
    it.effect(`${way}: is measured by the clock of the program`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house({ timeout: "2 minutes" })
        server.plan({ _tag: "Hangs" })
        const fiber = yield* Effect.forkChild(Effect.flip(ask(model)))
        yield* until(() => server.count() === 1)
        yield* TestClock.adjust("119 seconds")
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("1 second")
        const reason = reasonOf(yield* Fiber.join(fiber))
        assert.deepStrictEqual(reason, { _tag: "TimedOut", afterMs: 120_000 })
        yield* until(() => server.requests()[0]?.left === true)
      })
    )
  }

  it.effect("does not run while the reader is the slow one", () =>
    Effect.gen(function* () {
      const { model, server } = yield* house({ timeout: "2 minutes" })
      server.plan({ _tag: "Says", text: "12345678" })
      const stopped = yield* Deferred.make<void>()
      const fiber = yield* model.streamText({ prompt: "hi" }).pipe(
        Stream.tap((part) =>
          part.type === "text-start"
            ? Effect.andThen(Deferred.succeed(stopped, undefined), Effect.sleep("1 hour"))
            : Effect.void
        ),
        Stream.runCollect,
        Effect.forkChild
      )
      yield* Deferred.await(stopped)
      yield* TestClock.adjust("1 hour")
      const parts = yield* Fiber.join(fiber)
      assert.strictEqual(parts.at(-1)?.type, "finish")
    })
  )
})
