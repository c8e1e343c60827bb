/** Time that passes only while everything stands still, so that a rule about time is exact. */
import { Storage } from "@atrium/core/storage/Storage"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"

const macrotask = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Transactions that a storage has begun and not ended. */
const open = new WeakMap<Storage["Service"], { count: number }>()

/** The same storage, watched so that `still` knows when it works. */
export const watched = (storage: Storage["Service"]): Storage["Service"] => {
  const transactions = { count: 0 }
  const same: Storage["Service"] = {
    ...storage,
    transact: (self) =>
      Effect.suspend(() => {
        transactions.count += 1
        return Effect.ensuring(
          storage.transact(self),
          Effect.sync(() => {
            transactions.count -= 1
          })
        )
      })
  }
  open.set(same, transactions)
  return same
}

/** Waits until every fiber waits for time, for another fiber, or for the rule. */
export const still: Effect.Effect<void, never, Storage> = Effect.gen(function* () {
  const transactions = open.get(yield* Storage)
  let quiet = 0
  while (quiet < 5) {
    yield* macrotask
    quiet = (transactions?.count ?? 0) === 0 ? quiet + 1 : 0
  }
})

/** Waits until `self` is done, and lets `stepMs` pass each time that all stands still. */
export const passing = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  stepMs = 50
): Effect.Effect<A, E, R | Storage> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(self)
    yield* still
    let exit: Exit.Exit<A, E> | undefined = fiber.pollUnsafe()
    while (exit === undefined) {
      yield* TestClock.adjust(stepMs)
      yield* still
      exit = fiber.pollUnsafe()
    }
    return yield* Fiber.join(fiber)
  })
