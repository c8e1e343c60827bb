/**
 * One at a time for each key, in this process, in order of arrival. For short work only: waiting and
 * working cannot be interrupted. Forgets keys nobody waits for.
 */
import * as Effect from "effect/Effect"

export type Turnstile = (
  key: string
) => <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export const make = (): Turnstile => {
  /** Present while somebody is inside; those who wait, first come first. */
  const inside = new Map<string, Array<() => void>>()
  return (key) => {
    const leave = Effect.sync(() => {
      const next = inside.get(key)?.shift()
      if (next === undefined) inside.delete(key)
      else next()
    })
    return (self) =>
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
}
