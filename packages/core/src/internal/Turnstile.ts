/**
 * One at a time for each key, in this process, in order of arrival. For short work only: waiting and
 * working cannot be interrupted. Forgets keys nobody waits for.
 */
import * as Effect from "effect/Effect"

export interface Turnstile {
  (key: string): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Waits until nobody is inside, whatever the key. */
  readonly idle: Effect.Effect<void>
  /** How many keys somebody is inside of. */
  readonly inside: () => number
}

export const make = (): Turnstile => {
  /** Present while somebody is inside; those who wait, first come first. */
  const inside = new Map<string, Array<() => void>>()
  const watching = new Set<() => void>()
  const through = (key: string) => {
    const leave = Effect.sync(() => {
      const next = inside.get(key)?.shift()
      if (next !== undefined) return next()
      inside.delete(key)
      if (inside.size === 0) for (const tell of watching) tell()
    })
    return <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.uninterruptible(
        Effect.suspend(() => {
          const waiting = inside.get(key)
          if (waiting === undefined) {
            inside.set(key, [])
            return Effect.ensuring(self, leave)
          }
          const enter = Effect.callback<void>((resume) => {
            waiting.push(() => resume(Effect.void))
          })
          return Effect.andThen(enter, Effect.ensuring(self, leave))
        })
      )
  }
  const idle = Effect.callback<void>((resume) => {
    if (inside.size === 0) {
      resume(Effect.void)
      return undefined
    }
    const tell = () => {
      watching.delete(tell)
      resume(Effect.void)
    }
    watching.add(tell)
    return Effect.sync(() => watching.delete(tell))
  })
  return Object.assign(through, { idle, inside: () => inside.size })
}
