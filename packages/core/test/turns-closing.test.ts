/** How an app closes: what it began is there for the next one, and nothing holds it up for ever. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Logger from "effect/Logger"
import { Conversations } from "../src/conversations/Conversations.ts"
import type { Storage } from "../src/storage/Storage.ts"
import { Turns } from "../src/turns/Turns.ts"
import { opened, ownedStorage } from "./turns-life.ts"

const quiet = Effect.provide(Logger.layer([]))

const talk = Effect.flatMap(Conversations, (conversations) => conversations.resolve("helper"))
const stateOf = (id: Parameters<Turns["Service"]["find"]>[0]) =>
  Effect.flatMap(Turns, (turns) => Effect.map(turns.find(id), ({ state }) => state))

describe("closing an app", () => {
  it.live("waits for a send that is being stored, so that the next one runs its turn", () =>
    Effect.gen(function* () {
      const store = yield* ownedStorage
      const gate = Latch.makeUnsafe(true)
      const slow: Storage["Service"] = {
        ...store,
        transact: (self) => Effect.andThen(gate.await, store.transact(self))
      }
      const first = yield* opened(slow)
      const { id: conversation } = yield* first.run(talk)
      yield* gate.close
      const sending = yield* Effect.forkChild(
        first.run(Effect.flatMap(Turns, (turns) => turns.send({ conversation, text: "hello" })))
      )
      yield* Effect.sleep(10)
      const closing = yield* Effect.forkChild(first.close)
      yield* Effect.sleep(10)
      assert.isUndefined(closing.pollUnsafe(), "closed while the send was being stored")
      yield* gate.open
      yield* Fiber.join(closing)
      const { id } = yield* Fiber.join(sending)
      const next = yield* opened(store)
      yield* Effect.sleep(50)
      assert.strictEqual(yield* next.run(stateOf(id)), "finished")
      yield* next.close
    }).pipe(quiet, Effect.scoped)
  )
})
