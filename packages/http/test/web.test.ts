/** The same API as a web handler, and what it says of itself. */

import { StorageError } from "@atrium/core/errors"
import { Storage } from "@atrium/core/storage/Storage"
import * as Web from "@atrium/http/Web"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { at, core, eventsIn, house, tenant } from "./house.ts"

describe("web handler", () => {
  it.live("answers as the server does", () =>
    Effect.gen(function* () {
      const built = yield* Layer.build(core())
      const { user } = yield* Effect.provide(tenant("acme"), built)
      const key = yield* user("alice")
      const { dispose, handler } = Web.make(
        { hosts: ["api.example.com"], origins: [] },
        Layer.succeedContext(built)
      )
      yield* Effect.addFinalizer(() => Effect.promise(dispose))
      const ask = (path: string, init: RequestInit = {}, host = "api.example.com") =>
        Effect.promise(() =>
          handler(
            new Request(`http://${host}${path}`, {
              ...init,
              headers: {
                authorization: `Bearer ${key}`,
                "content-type": "application/json",
                ...init.headers
              }
            })
          )
        )
      const json = (response: Response) => Effect.promise(() => response.json())
      const opened = yield* ask("/v1/conversations", {
        method: "POST",
        body: JSON.stringify({ template: "support" })
      })
      assert.strictEqual(opened.status, 201)
      const id = at(yield* json(opened), "id")
      const told = yield* ask(`/v1/conversations/${id}/turns`, {
        method: "POST",
        headers: { accept: "text/event-stream" },
        body: JSON.stringify({ text: "hello" })
      })
      const events = eventsIn(yield* Effect.promise(() => told.text()))
      assert.strictEqual(at(events.at(-1)?.data, "_tag"), "TurnFinished")
      const large = yield* ask(`/v1/conversations/${id}/turns`, {
        method: "POST",
        body: " ".repeat(2 * 1024 * 1024)
      })
      assert.strictEqual(large.status, 413)
      assert.strictEqual((yield* ask("/v1/limits", {}, "evil.example")).status, 421)
      assert.strictEqual((yield* ask("/nothing")).status, 404)
      assert.strictEqual((yield* ask("/v1/limits", { headers: { authorization: "" } })).status, 401)
    })
  )
})

describe("what a server says of itself", () => {
  it.live("OpenAPI 3.1 with every route, its security and its problems", () =>
    Effect.gen(function* () {
      const { ask } = yield* house()
      const { json, status } = yield* ask("/openapi.json")
      assert.strictEqual(status, 200)
      assert.match(`${at(json, "openapi")}`, /^3\.1\./)
      const paths = Object.keys(Object(at(json, "paths")))
      for (const path of [
        "/chat",
        "/health/live",
        "/health/ready",
        "/v1/agents/{id}",
        "/v1/conversations",
        "/v1/conversations/{id}/turns",
        "/v1/keys",
        "/v1/limits",
        "/v1/tokens",
        "/v1/turns/{id}/events",
        "/v1/users/{id}"
      ]) {
        assert.include(paths, path)
      }
      const answers = at(json, "paths", "/v1/turns/{id}/events", "get", "responses")
      assert.property(at(answers, "200", "content"), "text/event-stream")
      assert.property(at(answers, "404", "content"), "application/problem+json")
      const security = at(json, "paths", "/v1/limits", "get", "security")
      assert.deepStrictEqual(security, [{ bearer: [] }])
      assert.deepStrictEqual(at(json, "paths", "/health/live", "get", "security"), [])
    })
  )

  it.live("lives while its storage does not answer, but is not ready", () =>
    Effect.gen(function* () {
      let broken = false
      const storage = Layer.effect(
        Storage,
        Effect.map(Layer.build(Storage.layerMemory), (built) => {
          const whole = Context.get(built, Storage)
          const listTenants: typeof whole.maintenance.listTenants = (by) =>
            broken
              ? Effect.fail(StorageError.because({ _tag: "Unreachable", host: "db.internal" }))
              : whole.maintenance.listTenants(by)
          return { ...whole, maintenance: { ...whole.maintenance, listTenants } }
        })
      )
      const { ask } = yield* house({ storage })
      const headers = { host: "10.1.2.3:80" }
      assert.deepStrictEqual((yield* ask("/health/ready", { headers })).json, { status: "ok" })
      broken = true
      const unready = yield* ask("/health/ready", { headers })
      assert.strictEqual(unready.status, 503)
      assert.notInclude(unready.text, "db.internal")
      assert.deepStrictEqual((yield* ask("/health/live", { headers })).json, { status: "ok" })
    })
  )

  it.live("a defect is 500 without a word of what it was, and the server goes on", () =>
    Effect.gen(function* () {
      let broken = true
      const storage = Layer.effect(
        Storage,
        Effect.map(Layer.build(Storage.layerMemory), (built) => {
          const whole = Context.get(built, Storage)
          const { list } = whole.stores.conversations
          const conversations: typeof whole.stores.conversations = {
            ...whole.stores.conversations,
            list: (scope, by) => (broken ? Effect.die(new Error("inside")) : list(scope, by))
          }
          return { ...whole, stores: { ...whole.stores, conversations } }
        })
      )
      const { acme, ask } = yield* house({ storage })
      const key = yield* acme.user("alice")
      const failed = yield* ask("/v1/conversations", { key })
      assert.strictEqual(failed.status, 500)
      assert.deepStrictEqual(at(failed.json, "reason"), { _tag: "Internal" })
      assert.notMatch(failed.text, /inside|Error:|at /)
      broken = false
      const answer = yield* ask("/v1/conversations", { key })
      assert.strictEqual(answer.status, 200)
      for (const { headers } of [failed, answer]) {
        assert.strictEqual(headers["cache-control"], "no-store")
      }
      assert.strictEqual(answer.headers["x-content-type-options"], "nosniff")
    })
  )
})
