/** Over TLS, as every server that is not on this machine: trusted by its certificate, or not called. */
import { once } from "node:events"
import { createServer, globalAgent, type Server } from "node:https"
import { reasonOf } from "@atrium/core/backend/ReasonOf"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as OpenAi from "../src/OpenAi.ts"

/** Of a server at 127.0.0.1, signed by itself, for these tests only. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgbg3A4u4e8/vWT+Pc
8KcKncTKWG5lHd9/Ds+M2tMazKyhRANCAARF002EW/02XluHkAt28wpD9SedEgat
eaEkcCw3DXze1wYBbbv27hD1TbC4JO15FofZZN07F0SZVGLtfSislimG
-----END PRIVATE KEY-----`

const cert = `-----BEGIN CERTIFICATE-----
MIIBoTCCAUigAwIBAgIUSJkWlFzd5wiji34o7dmWMbcBlYAwCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSQXRyaXVtIHRlc3Qgc2VydmVyMCAXDTI2MTEyMTE5MjEyN1oY
DzIxMjYxMDI4MTkyMTI3WjAdMRswGQYDVQQDDBJBdHJpdW0gdGVzdCBzZXJ2ZXIw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARF002EW/02XluHkAt28wpD9SedEgat
eaEkcCw3DXze1wYBbbv27hD1TbC4JO15FofZZN07F0SZVGLtfSislimGo2QwYjAd
BgNVHQ4EFgQUaEr9fKzYXmi5JbOQpA0/ozA7EfAwHwYDVR0jBBgwFoAUaEr9fKzY
Xmi5JbOQpA0/ozA7EfAwDwYDVR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAAB
MAoGCCqGSM49BAMCA0cAMEQCIGSh6HZ5HorAyg+z7axuozeYKnNuK2Bvs7AiAJp3
i7VZAiBZo8nYO2G5mcbizi9IW8JyGQTFKdhf4EcL/fvq0I+fkw==
-----END CERTIFICATE-----`

const events = [
  { choices: [{ delta: { content: "ok" }, finish_reason: null }] },
  { choices: [{ delta: {}, finish_reason: "stop" }] }
]

/** The text that a server over TLS answers, and how many requests it has seen. */
const asked = Effect.gen(function* () {
  let requests = 0
  const server = yield* Effect.acquireRelease(
    Effect.promise(async (): Promise<Server> => {
      const made = createServer({ key, cert }, (request, response) => {
        requests += 1
        request.resume()
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.end(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""))
      })
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
  const models = yield* OpenAi.make({ baseUrl: `https://127.0.0.1:${port}/v1` })
  const answer = yield* Effect.result(
    Effect.map(Stream.runCollect(models("any").streamText({ prompt: "hi" })), (parts) =>
      parts.map((part) => (part.type === "text-delta" ? part.delta : "")).join("")
    )
  )
  return { answer, requests: () => requests }
})

/** Trusts the certificate as a whole process may, for as long as `self` runs. */
const trusting = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const before = globalAgent.options.ca
      globalAgent.options.ca = cert
      return before
    }),
    () => self,
    (before) =>
      Effect.sync(() => {
        if (before === undefined) delete globalAgent.options.ca
        else globalAgent.options.ca = before
      })
  )

describe("a server over TLS", () => {
  it.live("whose certificate is trusted answers", () =>
    Effect.gen(function* () {
      const { answer, requests } = yield* trusting(asked)
      assert.isTrue(answer._tag === "Success" && answer.success === "ok")
      assert.strictEqual(requests(), 1)
    })
  )

  it.live("whose certificate nobody vouches for is told nothing", () =>
    Effect.gen(function* () {
      const { answer, requests } = yield* asked
      if (answer._tag !== "Failure") return assert.fail("It was asked.")
      assert.strictEqual(reasonOf(answer.failure)._tag, "Unreachable")
      assert.strictEqual(requests(), 0)
    })
  )
})
