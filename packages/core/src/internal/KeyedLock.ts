/** One at a time for each key, in this process. Forgets keys nobody waits for. */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

export type KeyedLock = (
  key: string
) => <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export const make = (): KeyedLock => {
  const held = new Map<string, { readonly semaphore: Semaphore.Semaphore; users: number }>()
  return (key) => (self) =>
    Effect.suspend(() => {
      const entry = held.get(key) ?? { semaphore: Semaphore.makeUnsafe(1), users: 0 }
      entry.users += 1
      held.set(key, entry)
      return Effect.ensuring(
        entry.semaphore.withPermits(1)(self),
        Effect.sync(() => {
          entry.users -= 1
          if (entry.users === 0) held.delete(key)
        })
      )
    })
}
