/** Ends of turns that a storage does not take at once. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import { Conversations } from "../src/conversations/Conversations.ts"
import { StorageError } from "../src/errors.ts"
import type { Storage } from "../src/storage/Storage.ts"
import { Turns } from "../src/turns/Turns.ts"
import { opened, ownedStorage } from "./turns-life.ts"

const quiet = Effect.provide(Logger.layer([]))
const lost = StorageError.because({ _tag: "Unreachable", host: "storage" })
const settled = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** An app whose first run ends while the storage is away, which it is until `away` is false. */
const ending = Effect.fnUntraced(function* () {
  const store = yield* ownedStorage
  const state = { away: false, runs: 0, tries: 0 }
  const flaky: Storage["Service"] = {
    ...store,
    transact: (self) =>
      Effect.suspend(() => {
        if (!state.away) return store.transact(self)
        state.tries += 1
        return Effect.fail(lost)
      })
  }
  const app = yield* opened(flaky, () =>
    Effect.sync(() => {
      state.runs += 1
      state.away = state.runs === 1
      return "answered"
    })
  )
  const { id } = yield* app.run(
    Effect.gen(function* () {
      const { id: conversation } = yield* (yield* Conversations).resolve("helper")
      return yield* (yield* Turns).send({ conversation, text: "hello" })
    })
  )
  yield* settled
  const turn = app.run(Effect.flatMap(Turns, (turns) => turns.find(id)))
  return { app, state, turn }
})

describe("an end that could not be stored", () => {
  it.effect("is tried again at once, without another run", () =>
    Effect.gen(function* () {
      const { app, state, turn } = yield* ending()
      assert.strictEqual(state.runs, 1)
      yield* TestClock.adjust(200)
      assert.isAbove(state.tries, 2)
      state.away = false
      yield* TestClock.adjust(400)
      yield* settled
      assert.strictEqual((yield* turn).state, "finished")
      assert.strictEqual(state.runs, 1)
      yield* app.close
    }).pipe(quiet, Effect.scoped)
  )

  it.effect("is tried less and less often, and left to the rounds after some seconds", () =>
    Effect.gen(function* () {
      const { app, state, turn } = yield* ending()
      yield* TestClock.adjust(4000)
      yield* settled
      assert.strictEqual(state.tries, 7)
      state.away = false
      yield* TestClock.adjust(5000)
      yield* settled
      assert.strictEqual(state.runs, 2)
      assert.strictEqual((yield* turn).state, "finished")
      yield* app.close
    }).pipe(quiet, Effect.scoped)
  )

  it.effect("holds up no closing", () =>
    Effect.gen(function* () {
      const { app, state } = yield* ending()
      yield* TestClock.adjust(100)
      assert.isAbove(state.tries, 1)
      yield* app.close
    }).pipe(quiet, Effect.scoped)
  )
})
