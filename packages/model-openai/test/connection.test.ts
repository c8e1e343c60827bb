/** How many connections calls take. */
import { once } from "node:events"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { reasonOf } from "@atrium/core/backend/ReasonOf"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as OpenAi from "../src/OpenAi.ts"
import { until } from "./house.ts"
import { answer, delta } from "./wire.ts"

/** A server that answers with `end`, and the connections it has seen. */
const serving = (end: (response: ServerResponse, request: IncomingMessage) => void) =>
  Effect.gen(function* () {
    const sockets = new Set<Socket>()
    const server = yield* Effect.acquireRelease(
      Effect.promise(async (): Promise<Server> => {
        const made = createServer((request, response) => {
          request.resume()
          response.setHeader("content-type", "text/event-stream")
          end(response, request)
        })
        made.on("connection", (socket) => sockets.add(socket))
        made.listen(0, "127.0.0.1")
        await once(made, "listening")
        return made
      }),
      (made) =>
        Effect.sync(() => {
          made.closeAllConnections()
          made.close()
        })
    )
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const models = yield* OpenAi.make({ baseUrl: `http://127.0.0.1:${port}/v1` })
    return { model: models("any"), sockets }
  })

describe("connections", () => {
  it.live("one serves calls that follow one another", () =>
    Effect.gen(function* () {
      const { model, sockets } = yield* serving((response) => response.end(answer))
      for (let call = 0; call < 5; call++) {
        yield* Stream.runDrain(model.streamText({ prompt: "hi" }))
        // The end of the response is behind its last event.
        yield* Effect.sleep("5 millis")
      }
      assert.strictEqual(sockets.size, 1)
    })
  )

  it.live("one that the server had closed is replaced, without an error", () =>
    Effect.gen(function* () {
      const calls = new Map<Socket, number>()
      const { model, sockets } = yield* serving((response, { socket }) => {
        const before = calls.get(socket) ?? 0
        calls.set(socket, before + 1)
        // As where it closes an idle connection in the moment of the next request.
        if (before > 0) socket.resetAndDestroy()
        else response.end(answer)
      })
      for (let call = 0; call < 3; call++) {
        const parts = yield* Stream.runCollect(model.streamText({ prompt: "hi" }))
        assert.isTrue(parts.some((part) => part.type === "text-delta" && part.delta === "ok"))
        yield* Effect.sleep("5 millis")
      }
      assert.strictEqual(sockets.size, 3)
    })
  )

  it.live("a server that resets every connection is asked once a call", () =>
    Effect.gen(function* () {
      const { model, sockets } = yield* serving((_, { socket }) => socket.resetAndDestroy())
      const error = yield* Effect.flip(Stream.runDrain(model.streamText({ prompt: "hi" })))
      assert.strictEqual(reasonOf(error)._tag, "Unreachable")
      assert.strictEqual(sockets.size, 1)
    })
  )

  it.live("one whose end comes late delays no answer, and serves the next call", () =>
    Effect.gen(function* () {
      const { model, sockets } = yield* serving((response) => {
        response.write(answer)
        setTimeout(() => response.end(": bye\n\n"), 100)
      })
      const began = performance.now()
      yield* Stream.runDrain(model.streamText({ prompt: "hi" }))
      assert.isBelow(performance.now() - began, 95)
      yield* Effect.sleep("150 millis")
      yield* Stream.runDrain(model.streamText({ prompt: "hi" }))
      assert.strictEqual(sockets.size, 1)
    })
  )

  it.live("one that does not end is given up", () =>
    Effect.gen(function* () {
      const { model, sockets } = yield* serving((response) => response.write(answer))
      yield* Stream.runDrain(model.streamText({ prompt: "hi" }))
      yield* until(() => [...sockets].every(({ destroyed }) => destroyed))
    })
  )

  it.live("one that goes on and on is given up", () =>
    Effect.gen(function* () {
      const { model, sockets } = yield* serving((response) => {
        response.write(answer)
        const more = setInterval(() => response.write(`: ${"x".repeat(10_000)}\n\n`), 1)
        response.once("close", () => clearInterval(more))
      })
      const began = performance.now()
      yield* Stream.runDrain(model.streamText({ prompt: "hi" }))
      yield* until(() => [...sockets].every(({ destroyed }) => destroyed))
      // Long before the time is over: there is a limit of bytes, too.
      assert.isBelow(performance.now() - began, 900)
    })
  )

  for (const [what, status, tag] of [
    ["an answer", 200, "Malformed"],
    ["a refusal", 500, "Unreachable"]
  ] as const) {
    it.live(`one on which ${what} never ends is given up`, () =>
      Effect.gen(function* () {
        let written = 0
        const piece = "x".repeat(1_000_000)
        const { model, sockets } = yield* serving((response) => {
          response.statusCode = status
          const more = (): void => {
            while (!response.destroyed && written < 500_000_000) {
              written += piece.length
              if (!response.write(piece)) return void response.once("drain", more)
            }
          }
          more()
        })
        const error = yield* Effect.flip(model.generateText({ prompt: "hi" }))
        assert.strictEqual(reasonOf(error)._tag, tag)
        yield* until(() => [...sockets].every(({ destroyed }) => destroyed))
        assert.isBelow(written, 60_000_000)
      })
    )
  }

  for (const size of [100, 10_000, 3_000_000]) {
    it.live(`of a server that never stops, only so much is read ahead, ${size} bytes a chunk`, () =>
      Effect.gen(function* () {
        let written = 0
        const piece = delta("x".repeat(size), null)
        const { model } = yield* serving((response) => {
          const more = (): void => {
            while (!response.destroyed && written < 500_000_000) {
              written += piece.length
              if (!response.write(piece)) return void response.once("drain", more)
            }
          }
          more()
        })
        yield* model.streamText({ prompt: "hi" }).pipe(
          // Who reads slowly.
          Stream.mapEffect((part) => Effect.as(Effect.sleep("1500 millis"), part)),
          Stream.take(1),
          Stream.runDrain
        )
        // What is read ahead, and what the sockets hold.
        assert.isBelow(written, 20_000_000)
      })
    )
  }
})
