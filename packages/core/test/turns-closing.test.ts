/** How an app closes: what it began is there for the next one, and nothing holds it up for ever. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import { Conversations } from "../src/conversations/Conversations.ts"
import type { Storage } from "../src/storage/Storage.ts"
import { Turns } from "../src/turns/Turns.ts"
import { opened, ownedStorage } from "./turns-life.ts"

const settled = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 5)))

/** A logger that keeps what is told above the level of information. */
const heard = () => {
  const told: Array<string> = []
  const logger = Logger.layer([
    Logger.make((record) => {
      if (record.logLevel !== "Info") told.push(Logger.formatLogFmt.log(record))
    })
  ])
  return { told, logger }
}

const quiet = Effect.provide(Logger.layer([]))

const talk = Effect.flatMap(Conversations, (conversations) => conversations.resolve("helper"))
const stateOf = (id: Parameters<Turns["Service"]["find"]>[0]) =>
  Effect.flatMap(Turns, (turns) => Effect.map(turns.find(id), ({ state }) => state))

/** Waits until it holds; the test's own time-out ends a wait that is vain. */
const until = <E, R>(holds: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  Effect.gen(function* () {
    while (!(yield* holds)) yield* Effect.sleep(1)
  })

describe("closing an app", () => {
  it.live("waits for a send that is being stored, so that the next one runs its turn", () =>
    Effect.gen(function* () {
      const store = yield* ownedStorage
      const gate = Latch.makeUnsafe(true)
      let waiting = 0
      const slow: Storage["Service"] = {
        ...store,
        transact: (self) =>
          Effect.suspend(() => {
            waiting += 1
            return Effect.andThen(gate.await, store.transact(self))
          })
      }
      const first = yield* opened(slow)
      const { id: conversation } = yield* first.run(talk)
      yield* gate.close
      waiting = 0
      const sending = yield* Effect.forkChild(
        first.run(Effect.flatMap(Turns, (turns) => turns.send({ conversation, text: "hello" })))
      )
      yield* until(Effect.sync(() => waiting > 0))
      const closing = yield* Effect.forkChild(first.close)
      yield* Effect.sleep(10)
      assert.isUndefined(closing.pollUnsafe(), "closed while the send was being stored")
      yield* gate.open
      yield* Fiber.join(closing)
      const { id } = yield* Fiber.join(sending)
      const next = yield* opened(store)
      yield* until(Effect.map(next.run(stateOf(id)), (state) => state === "finished"))
      yield* next.close
    }).pipe(quiet, Effect.scoped)
  )

  it.effect("waits ten seconds for a run that cannot be interrupted, and says what it left", () => {
    const { logger, told } = heard()
    return Effect.gen(function* () {
      const app = yield* opened(yield* ownedStorage, () => Effect.uninterruptible(Effect.never))
      const { id: conversation } = yield* app.run(talk)
      const { id } = yield* app.run(
        Effect.flatMap(Turns, (turns) => turns.send({ conversation, text: "hello" }))
      )
      yield* settled
      const closing = yield* Effect.forkChild(app.close)
      yield* settled
      yield* TestClock.adjust(9999)
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust(1)
      yield* Fiber.join(closing)
      assert.lengthOf(told, 1)
      assert.include(told[0], id)
    }).pipe(Effect.provide(logger), Effect.scoped)
  })

  it.effect("waits no longer for a storage that does not answer", () => {
    const { logger, told } = heard()
    return Effect.gen(function* () {
      const store = yield* ownedStorage
      let away = false
      const hanging: Storage["Service"] = {
        ...store,
        transact: (self) => Effect.suspend(() => (away ? Effect.never : store.transact(self)))
      }
      const app = yield* opened(hanging)
      const { id: conversation } = yield* app.run(talk)
      away = true
      yield* Effect.forkDetach(
        app.run(Effect.flatMap(Turns, (turns) => turns.send({ conversation, text: "hello" })))
      )
      yield* settled
      const closing = yield* Effect.forkChild(app.close)
      yield* settled
      yield* TestClock.adjust(10_000)
      yield* Fiber.join(closing)
      assert.lengthOf(told, 1)
    }).pipe(Effect.provide(logger), Effect.scoped)
  })

  it.effect("waits no longer for a look at left turns that does not end", () =>
    Effect.gen(function* () {
      const store = yield* ownedStorage
      const first = yield* opened(store, () => Effect.never)
      const { id: conversation } = yield* first.run(talk)
      yield* first.run(
        Effect.flatMap(Turns, (turns) => turns.send({ conversation, text: "hello" }))
      )
      yield* first.close
      const next = yield* opened({ ...store, transact: () => Effect.never })
      yield* settled
      const closing = yield* Effect.forkChild(next.close)
      yield* settled
      yield* TestClock.adjust(10_000)
      yield* Fiber.join(closing)
    }).pipe(quiet, Effect.scoped)
  )
})
