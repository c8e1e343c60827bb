/** Time that passes only while everything stands still, so that a rule about time is exact. */
import { Storage } from "@atrium/core/storage/Storage"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"

const macrotask = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Calls that a storage has begun and not ended. */
interface Calls {
  count: number
}
const calls = new WeakMap<Storage["Service"], Calls>()

const counted = <A, E, R>(of: Calls, self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    of.count += 1
    return Effect.ensuring(
      self,
      Effect.sync(() => {
        of.count -= 1
      })
    )
  })

/** A store whose every method is counted. */
const countedStore = <S extends object>(of: Calls, store: S): S =>
  new Proxy(store, {
    get: (target, name, receiver) => {
      const method: unknown = Reflect.get(target, name, receiver)
      if (typeof method !== "function") return method
      return (...args: ReadonlyArray<unknown>) => {
        const answer: unknown = Reflect.apply(method, target, args)
        return Effect.isEffect(answer) ? counted(of, answer) : answer
      }
    }
  })

/** The same storage, watched so that `still` knows when it works. */
export const watched = (storage: Storage["Service"]): Storage["Service"] => {
  const of: Calls = { count: 0 }
  const { stores } = storage
  const same: Storage["Service"] = {
    ...storage,
    transact: (self) => counted(of, storage.transact(self)),
    maintenance: countedStore(of, storage.maintenance),
    stores: {
      users: countedStore(of, stores.users),
      keys: countedStore(of, stores.keys),
      limits: countedStore(of, stores.limits),
      agents: countedStore(of, stores.agents),
      bindings: countedStore(of, stores.bindings),
      conversations: countedStore(of, stores.conversations),
      messages: countedStore(of, stores.messages),
      turns: countedStore(of, stores.turns),
      ledger: countedStore(of, stores.ledger),
      blocks: countedStore(of, stores.blocks),
      passages: countedStore(of, stores.passages),
      documents: countedStore(of, stores.documents),
      words: countedStore(of, stores.words)
    }
  }
  calls.set(same, of)
  return same
}

/** Rounds after which a call that has not ended is thought to wait for time: for a retry. */
const patience = 200

/**
 * Waits until every fiber waits for time, for another fiber, or for the rule. A storage that waits
 * for time itself, to repeat a transaction, is given a millisecond.
 */
export const still: Effect.Effect<void, never, Storage> = Effect.gen(function* () {
  const of = calls.get(yield* Storage)
  let quiet = 0
  for (let round = 1; quiet < 8; round++) {
    yield* macrotask
    quiet = of === undefined || of.count === 0 ? quiet + 1 : 0
    if (round % patience === 0 && quiet === 0) yield* TestClock.adjust(1)
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
