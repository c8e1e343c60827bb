import { request } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as NodeListener from "../src/NodeListener.ts"

/** A listener that listens, and its port. */
const listening = Effect.fnUntraced(function* (patienceMs?: number) {
  const listener = NodeListener.make(patienceMs)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      listener.server.close()
      listener.server.closeAllConnections()
    })
  )
  yield* Effect.callback<void>((resume) => {
    listener.server.listen(0, "127.0.0.1", () => resume(Effect.void))
  })
  const { port } = listener.server.address() as AddressInfo
  return { ...listener, port }
})

describe("the listener", () => {
  it.live("closes a connection that never says anything, and no other", () =>
    Effect.gen(function* () {
      const { port, server } = yield* listening(100)
      server.on("request", (_, response) => setTimeout(() => response.end("slow"), 400))
      const asked = Effect.promise(() =>
        fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text())
      )
      const silent = Effect.callback<"closed">((resume) => {
        const socket = connect(port, "127.0.0.1")
        socket.once("close", () => resume(Effect.succeed("closed")))
        return Effect.sync(() => socket.destroy())
      }).pipe(Effect.timeoutOrElse({ duration: 2000, orElse: () => Effect.succeed("open") }))
      const [answer, end] = yield* Effect.all([asked, silent], { concurrency: 2 })
      assert.strictEqual(answer, "slow")
      assert.strictEqual(end, "closed")
    })
  )

  it.live("lets a request end that asked before it sent its body, while it closes", () =>
    Effect.gen(function* () {
      const { port, release, server } = yield* listening()
      let asked = () => {}
      const began = new Promise<void>((resolve) => {
        asked = resolve
      })
      // As Effect's server answers those who ask.
      server.on("request", (_, response) => response.end())
      server.on("checkContinue", (incoming, response) => {
        response.writeContinue()
        incoming.resume()
        asked()
        setTimeout(() => response.end("whole"), 300)
      })
      const answer = new Promise<string>((resolve) => {
        const sent = request(
          { port, host: "127.0.0.1", method: "POST", headers: { expect: "100-continue" } },
          (response) => {
            let text = ""
            response.on("data", (chunk) => {
              text += chunk
            })
            response.on("end", () => resolve(text))
          }
        )
        sent.on("continue", () => sent.end("body"))
        sent.on("error", (error) => resolve(`${error}`))
        sent.flushHeaders()
      })
      yield* Effect.promise(() => began)
      yield* release(2000)
      server.close()
      assert.strictEqual(yield* Effect.promise(() => answer), "whole")
    })
  )

  it.live("answers a request that came before anybody answered, once", () =>
    Effect.gen(function* () {
      const { server } = NodeListener.make()
      yield* Effect.addFinalizer(() => Effect.sync(() => server.close()))
      yield* Effect.callback<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      })
      const { port } = server.address() as AddressInfo
      let answers = 0
      const asking = yield* Effect.forkChild(
        Effect.promise(() => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text()))
      )
      yield* Effect.promise(
        () =>
          new Promise<void>((done) => {
            const look = setInterval(() => {
              server.getConnections((_, open) => {
                if (open === 0) return
                clearInterval(look)
                // The request's bytes are there a moment after its connection.
                setTimeout(done, 50)
              })
            }, 5)
          })
      )
      server.on("request", (_, response) => {
        answers += 1
        response.end("late")
      })
      assert.strictEqual(yield* Fiber.join(asking), "late")
      assert.strictEqual(answers, 1)
      const next = yield* Effect.promise(() => fetch(`http://127.0.0.1:${port}/`))
      assert.strictEqual(yield* Effect.promise(() => next.text()), "late")
      assert.strictEqual(answers, 2)
    })
  )
})
