/** A busy program runs a fiber's steps in pieces: what happens between two of them is not lost. */
import { reasonOf } from "@atrium/core/backend/ReasonOf"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"
import { ways } from "./house.ts"
import { chunk, delta, head, wire } from "./wire.ts"

/** Puts fibers off before this share of their steps, chosen by the seed. */
const haltingBy = (seed: number, share: number): Scheduler.Scheduler => {
  const usual = new Scheduler.MixedScheduler("async", (run) => {
    const late = setTimeout(run, 2)
    return () => clearTimeout(late)
  })
  let state = seed
  return {
    executionMode: usual.executionMode,
    makeDispatcher: () => usual.makeDispatcher(),
    shouldYield: () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state / 2 ** 32 < share
    }
  }
}

const halting =
  (seed: number, share: number) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.provideService(self, Scheduler.Scheduler, haltingBy(seed, share))

const seeds = Array.from({ length: 100 }, (_, seed) => seed)
const [, streamed] = ways[1]

describe("a program that is busy", () => {
  it.live("takes all that comes while it is between two steps", () =>
    Effect.gen(function* () {
      const { model } = yield* wire(({ socket }) => {
        const pieces = [delta("a"), delta("b"), delta("", "stop"), "data: [DONE]\n\n", ""]
        const next = (): void => {
          const piece = pieces.shift()
          if (piece !== undefined) socket.write(chunk(piece), () => setTimeout(next, 3))
        }
        socket.write(head, next)
      })
      const texts = yield* Effect.forEach(
        seeds,
        (seed) => streamed(model).pipe(halting(seed, 0.2)),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(new Set(texts), new Set(["ab"]))
    })
  )

  it.live("learns that an answer broke off before it began to read", () =>
    Effect.gen(function* () {
      const { model } = yield* wire(({ socket }) => {
        socket.write(head + chunk(delta("a")), () => setImmediate(() => socket.resetAndDestroy()))
      })
      const errors = yield* Effect.forEach(
        seeds,
        (seed) => Effect.flip(streamed(model)).pipe(halting(seed, 0.2)),
        { concurrency: "unbounded" }
      )
      const tags = errors.map((error) => reasonOf(error)._tag)
      assert.deepStrictEqual(new Set(tags), new Set(["Unreachable"]))
    })
  )
})
