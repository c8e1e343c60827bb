/** Many calls over the same connections, some given up: each hears its own answer, and nothing stays. */
import { setImmediate } from "node:timers/promises"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { until, ways } from "./house.ts"
import { chunk, delta, head, wire } from "./wire.ts"

/** Numbers from 0 to below 1 that the seed decides. */
const chances = (seed: number) => {
  let state = seed
  return (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** A server that answers with what it was asked, in pieces and after a while, as the seed decides. */
const echoing = (chance: () => number) =>
  wire(({ body, socket }) => {
    const canary = /canary-\d+/.exec(body)?.[0] ?? "none"
    const events = [...canary].map((letter) => delta(letter)).join("") + delta("", "stop")
    const whole = JSON.stringify({
      choices: [{ message: { content: canary }, finish_reason: "stop" }]
    })
    const text = body.includes('"stream":true')
      ? `${head}${chunk(events)}${chunk("data: [DONE]\n\n")}${chunk("")}`
      : `HTTP/1.1 200 OK\r\ncontent-length: ${whole.length}\r\n\r\n${whole}`
    void (async () => {
      for (let at = 0; at < text.length; ) {
        for (let wait = chance() * 6; wait > 0; wait--) await setImmediate()
        const end = at + 1 + Math.floor(chance() * 500)
        socket.write(text.slice(at, end))
        at = end
      }
    })()
  })

describe("500 calls at once, of which some are given up", () => {
  for (const seed of [1, 2, 3]) {
    it.live(`hear each its own answer, and leave nothing behind: seed ${seed}`, () =>
      Effect.gen(function* () {
        const warnings: Array<string> = []
        const hear = ({ name, message }: Error): void => void warnings.push(`${name}: ${message}`)
        yield* Effect.acquireRelease(
          Effect.sync(() => process.on("warning", hear)),
          () => Effect.sync(() => process.off("warning", hear))
        )
        const chance = chances(seed)
        const { model, requests, sockets } = yield* echoing(chance)
        const heard = yield* Effect.forEach(
          Array.from({ length: 500 }, (_, call) => call),
          (call) => {
            const prompt = `canary-${call}`
            const [, ask] = ways[chance() < 0.5 ? 0 : 1]
            const giveUp = Effect.promise(async () => {
              for (let wait = chance() * 40; wait > 0; wait--) await setImmediate()
              return prompt
            })
            const enough = model.streamText({ prompt }).pipe(
              Stream.filter((part) => part.type === "text-delta"),
              Stream.take(1),
              Stream.runCollect,
              Effect.map(([part]) =>
                part?.type === "text-delta" && prompt.startsWith(part.delta) ? prompt : "other"
              )
            )
            const kind = chance()
            const self =
              kind < 0.4
                ? ask(model, prompt)
                : kind < 0.8
                  ? Effect.raceFirst(ask(model, prompt), giveUp)
                  : enough
            return Effect.map(self, (text) => text === prompt)
          },
          { concurrency: 40 }
        )
        assert.isTrue(heard.every(Boolean))
        assert.isAbove(requests.length, sockets.size, "connections were kept")
        yield* until(() => {
          const open = [...sockets].filter(({ destroyed }) => !destroyed)
          // Those that are kept for the next call; of these, nobody listens any more.
          return open.length <= 40
        })
        assert.deepStrictEqual(warnings, [])
      })
    )
  }

  it.live("and 1,000 given up one after another leave no connection", () =>
    Effect.gen(function* () {
      const { model, sockets } = yield* wire(({ socket }) => socket.write(head + chunk(delta("a"))))
      yield* Effect.forEach(
        Array.from({ length: 1000 }, (_, call) => call),
        (call) =>
          call % 2 === 0
            ? Effect.timeoutOption(ways[call % 4 === 0 ? 0 : 1][1](model), "2 millis")
            : model.streamText({ prompt: "hi" }).pipe(Stream.take(2), Stream.runDrain),
        { concurrency: 20 }
      )
      yield* until(() => [...sockets].every(({ destroyed }) => destroyed))
    })
  )
})
