/** What the rounds that look for left turns read, and what they take up. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import { Conversations } from "../src/conversations/Conversations.ts"
import { StorageError } from "../src/errors.ts"
import type { Storage } from "../src/storage/Storage.ts"
import { Principal } from "../src/tenancy/Principal.ts"
import { Turns } from "../src/turns/Turns.ts"
import { opened, ownedStorage } from "./turns-life.ts"

const quiet = Effect.provide(Logger.layer([]))
const talk = Effect.flatMap(Conversations, (conversations) => conversations.resolve("helper"))
const lost = StorageError.because({ _tag: "Unreachable", host: "storage" })

/** Lets a minute pass, with what is done in it. */
const minute = Effect.gen(function* () {
  for (let i = 0; i < 12; i++) {
    yield* TestClock.adjust(5000)
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  }
})

describe("rounds for left turns", () => {
  it.effect("list every conversation at boot only, and read no turn that waits for a person", () =>
    Effect.gen(function* () {
      const store = yield* ownedStorage
      const calls: Array<string> = []
      const counted: Storage["Service"] = {
        ...store,
        maintenance: {
          ...store.maintenance,
          listLeft: (until, by) => {
            calls.push("listLeft")
            return store.maintenance.listLeft(until, by)
          }
        },
        stores: {
          ...store.stores,
          turns: {
            ...store.stores.turns,
            unended: (scope, id) => {
              calls.push("unended")
              return store.stores.turns.unended(scope, id)
            }
          }
        }
      }
      const first = yield* opened(store)
      const { id } = yield* first.run(talk)
      const { conversations } = store.stores
      yield* first.run(
        Effect.gen(function* () {
          const caller = yield* Principal
          const found = yield* Effect.flatMap(conversations.find(caller, id), Effect.fromOption)
          const waiting = { ...found, unended: 1, owner: "", leaseUntil: 86_400_000 }
          yield* conversations.save(caller, waiting)
        })
      )
      yield* first.close
      const app = yield* opened(counted)
      yield* minute
      assert.deepStrictEqual(calls, ["listLeft"])
      yield* app.close
    }).pipe(quiet, Effect.scoped)
  )

  it.effect("list again when the storage was not there at boot", () =>
    Effect.gen(function* () {
      const store = yield* ownedStorage
      let left = 2
      const flaky: Storage["Service"] = {
        ...store,
        maintenance: {
          ...store.maintenance,
          listLeft: (until, by) => {
            left -= 1
            return left >= 0 ? Effect.fail(lost) : store.maintenance.listLeft(until, by)
          }
        }
      }
      const first = yield* opened(store, () => Effect.never)
      const { id: conversation } = yield* first.run(talk)
      const { id } = yield* first.run(
        Effect.flatMap(Turns, (turns) => turns.send({ conversation, text: "hello" }))
      )
      yield* first.close
      const next = yield* opened(flaky)
      yield* minute
      const turn = yield* next.run(Effect.flatMap(Turns, (turns) => turns.find(id)))
      assert.strictEqual(turn.state, "finished")
      assert.strictEqual(left, -1)
      yield* next.close
    }).pipe(quiet, Effect.scoped)
  )

  it.effect("take up a turn whose begin was stored though the storage said that it was not", () =>
    Effect.gen(function* () {
      const store = yield* ownedStorage
      let cut = false
      const cutting: Storage["Service"] = {
        ...store,
        transact: (self) =>
          Effect.flatMap(store.transact(self), (value) => {
            const now = cut
            cut = false
            return now ? Effect.fail(lost) : Effect.succeed(value)
          })
      }
      const app = yield* opened(cutting)
      const { id: conversation } = yield* app.run(talk)
      yield* minute
      cut = true
      const send = Effect.flatMap(Turns, (turns) =>
        turns.send({ conversation, text: "hello", id: "one" })
      )
      const error = yield* app.run(Effect.flip(send))
      assert.strictEqual(error.reason._tag, "Unreachable")
      yield* minute
      const messages = yield* app.run(
        Effect.flatMap(Conversations, (all) => all.messages(conversation, {}))
      )
      assert.lengthOf(messages.items, 2)
      yield* app.close
    }).pipe(quiet, Effect.scoped)
  )
})
