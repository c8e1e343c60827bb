/** Who may ask at all: names, origins, methods, and where a server without keys listens. */
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Answered, ask as askRaw, at, house, portOf, served } from "./house.ts"

const problem = (answer: Answered) => [
  answer.status,
  at(answer.json, "reason", "_tag"),
  at(answer.json, "reason", "field")
]

const open = TenantResolver.layerSingle({ tenant: "home", scopes: ["turns", "act-as"] })

describe("names and origins", () => {
  it.live("a request names a host that was allowed, else it is misdirected", () =>
    Effect.gen(function* () {
      const { acme, ask, port } = yield* house()
      const key = yield* acme.user("alice")
      const by = (host: string) => ask("/v1/conversations", { key, headers: { host } })
      for (const host of [
        `localhost:${port}`,
        `127.0.0.1:${port}`,
        `[::1]:${port}`,
        `LOCALHOST:${port}`
      ]) {
        assert.strictEqual((yield* by(host)).status, 200, host)
      }
      for (const host of [
        "localhost",
        `localhost:${port + 1}`,
        `evil.example:${port}`,
        `localhost.evil.example:${port}`,
        `localhost:${port}@evil.example`,
        `127.0.0.1.nip.io:${port}`,
        `0.0.0.0:${port}`,
        "%00"
      ]) {
        const answer = yield* by(host)
        assert.deepStrictEqual(problem(answer), [421, "Rejected", "host"], host)
      }
      assert.strictEqual(
        (yield* ask("/health/live", { headers: { host: "10.0.0.7" } })).status,
        200
      )
      const absolute = yield* askRaw(port, "http://evil.example/v1/conversations", {
        key,
        headers: { host: `localhost:${port}` }
      })
      assert.strictEqual(absolute.status, 421, "the target's own host counts before the header's")
    })
  )

  it.live("names that an operator allowed are answered to, with any port or with theirs", () =>
    Effect.gen(function* () {
      const { acme, ask } = yield* house({
        options: { hosts: ["api.example.com", "other.example:8443"] }
      })
      const key = yield* acme.user("alice")
      const status = (host: string) =>
        Effect.map(ask("/v1/conversations", { key, headers: { host } }), (answer) => answer.status)
      assert.strictEqual(yield* status("api.example.com"), 200)
      assert.strictEqual(yield* status("API.example.com:443"), 200)
      assert.strictEqual(yield* status("other.example:8443"), 200)
      assert.strictEqual(yield* status("other.example"), 421)
      assert.strictEqual(yield* status("localhost"), 421)
    })
  )

  it.live("pages of other origins are refused, also before a preflight", () =>
    Effect.gen(function* () {
      const { acme, ask, port } = yield* house()
      const key = yield* acme.user("alice")
      const by = (origin: string, method = "GET") =>
        ask("/v1/conversations", { key, method, headers: { origin, host: `localhost:${port}` } })
      assert.strictEqual((yield* by(`http://localhost:${port}`)).status, 200)
      for (const origin of [
        "null",
        "",
        "http://evil.example",
        `http://localhost:${port + 1}`,
        `http://127.0.0.1:${port}`,
        `http://localhost:${port}.evil.example`,
        "x"
      ]) {
        assert.deepStrictEqual(problem(yield* by(origin)), [403, "Rejected", "origin"], origin)
        const preflight = yield* by(origin, "OPTIONS")
        assert.strictEqual(preflight.status, 403)
        assert.isUndefined(preflight.headers["access-control-allow-origin"])
      }
    })
  )

  it.live("pages of an origin that was allowed may ask, and are told so", () =>
    Effect.gen(function* () {
      const origin = "https://app.example.com"
      const { acme, ask } = yield* house({ options: { origins: [origin] } })
      const key = yield* acme.user("alice")
      const preflight = yield* ask("/v1/conversations", {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "authorization"
        }
      })
      assert.strictEqual(preflight.status, 204)
      assert.strictEqual(preflight.headers["access-control-allow-origin"], origin)
      const answer = yield* ask("/v1/conversations", { key, headers: { origin } })
      assert.strictEqual(answer.status, 200)
      assert.strictEqual(answer.headers["access-control-allow-origin"], origin)
      const refused = yield* ask("/v1/conversations", { headers: { origin } })
      assert.strictEqual(refused.status, 401)
      assert.strictEqual(refused.headers["access-control-allow-origin"], origin)
      const foreign = yield* ask("/v1/conversations", {
        key,
        headers: { origin: `${origin}.evil` }
      })
      assert.strictEqual(foreign.status, 403)
      assert.notStrictEqual(foreign.headers["access-control-allow-origin"], `${origin}.evil`)
    })
  )
})

describe("routes that are none", () => {
  it.live("an unknown method is 405 and says which are known, an unknown path is 404", () =>
    Effect.gen(function* () {
      const { acme, ask } = yield* house()
      const key = yield* acme.user("alice")
      for (const [method, path, allow] of [
        ["DELETE", "/chat", "POST"],
        ["PATCH", "/v1/conversations", "DELETE, GET, POST, PUT"],
        ["POST", "/v1/turns/x", "GET"],
        ["PUT", "/v1/turns/x/events?after=1", "GET"],
        ["TRACE", "/health/live", "GET"]
      ] as const) {
        const answer = yield* ask(path, { key, method })
        assert.deepStrictEqual(problem(answer), [405, "Rejected", "method"], path)
        assert.strictEqual(answer.headers["allow"], allow)
      }
      for (const path of [
        "/",
        "/v1",
        "/v2/turns/x",
        "/v1/turns/x/y",
        "/chat/x",
        "//",
        "/v1/turnsx"
      ]) {
        assert.deepStrictEqual(
          problem(yield* ask(path, { key })),
          [404, "NotFound", undefined],
          path
        )
      }
    })
  )
})

describe("where it listens", () => {
  it.live("an app that asks nobody who they are listens on loopback only", () =>
    Effect.gen(function* () {
      for (const address of ["0.0.0.0", "::", "192.0.2.1", "128.0.0.1", "127.0.0.1.example"]) {
        const refused = yield* Effect.flip(
          Layer.build(served({ resolver: open, options: { port: 0, address } }))
        )
        assert.strictEqual(refused._tag, "TenancyError", address)
        if (refused._tag === "TenancyError") {
          assert.strictEqual(refused.reason._tag, "Rejected")
          assert.include(refused.message, address)
        }
      }
      for (const address of ["127.0.0.1", "localhost"]) {
        const services = yield* Layer.build(
          served({ resolver: open, options: { port: 0, address } })
        )
        const port = yield* Effect.provide(portOf, services)
        assert.strictEqual((yield* askRaw(port, "/v1/conversations")).status, 200)
      }
    })
  )

  it.live("an app with keys listens wherever it is told to", () =>
    Effect.gen(function* () {
      const { ask } = yield* house({ options: { address: "0.0.0.0" } })
      assert.strictEqual((yield* ask("/v1/conversations")).status, 401)
    })
  )
})
