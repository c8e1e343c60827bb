/** Each reason has one status, and each status is what it says on the wire. */
import { Reason, TenancyError } from "@atrium/core/errors"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { titles } from "../src/api/Problem.ts"
import { statusOf, told } from "../src/server/Answers.ts"
import { type Answered, at, house, wide } from "./house.ts"
import * as Scripted from "./Scripted.ts"

/** Checks that an answer is a whole problem of this status and reason. */
const isProblem = (answer: Answered, status: number, reason: string): void => {
  assert.strictEqual(answer.status, status, answer.text)
  assert.strictEqual(answer.headers["content-type"], "application/problem+json", answer.text)
  assert.deepStrictEqual(Object.keys(Object(answer.json)), [
    "type",
    "title",
    "status",
    "detail",
    "reason"
  ])
  assert.strictEqual(at(answer.json, "status"), status)
  assert.strictEqual(at(answer.json, "reason", "_tag"), reason)
  assert.isNotEmpty(at(answer.json, "detail"))
}

const scripted = Effect.gen(function* () {
  const script = yield* Scripted.make
  const built = yield* house({ backend: Scripted.layer(script) })
  const key = yield* built.acme.user("alice")
  const open = Effect.map(
    built.ask("/v1/conversations", { key, body: { template: "support" } }),
    ({ json }) => `/v1/conversations/${at(json, "id")}`
  )
  return { ...built, script, key, open }
})

describe("statuses", () => {
  it("every reason has exactly one, and a title", () => {
    const samples: Readonly<Record<Reason["_tag"], readonly [Reason, number]>> = {
      Rejected: [{ _tag: "Rejected", field: "f", why: "w" }, 400],
      Unauthenticated: [{ _tag: "Unauthenticated", by: "atrium" }, 401],
      QuotaExceeded: [{ _tag: "QuotaExceeded", budget: "b" }, 402],
      Forbidden: [{ _tag: "Forbidden", scope: "s" }, 403],
      NotFound: [{ _tag: "NotFound", what: "w" }, 404],
      Conflict: [{ _tag: "Conflict", what: "w", revision: null }, 409],
      Busy: [{ _tag: "Busy", ahead: 1 }, 409],
      Waiting: [{ _tag: "Waiting", calls: [] }, 409],
      Gone: [{ _tag: "Gone", what: "w" }, 410],
      Unsupported: [{ _tag: "Unsupported", capability: "c" }, 422],
      ContextTooLong: [{ _tag: "ContextTooLong" }, 422],
      RateLimited: [{ _tag: "RateLimited", retryAfterMs: 1 }, 429],
      Unreachable: [{ _tag: "Unreachable", host: "h" }, 500],
      TimedOut: [{ _tag: "TimedOut", afterMs: 1 }, 500],
      Fenced: [{ _tag: "Fenced" }, 500],
      NoAnswer: [{ _tag: "NoAnswer", stop: "s" }, 500],
      Malformed: [{ _tag: "Malformed", what: "w" }, 500],
      Crashed: [{ _tag: "Crashed", times: 3 }, 500],
      Locked: [{ _tag: "Locked", owner: "o" }, 500],
      Newer: [{ _tag: "Newer", found: 2, known: 1 }, 500]
    }
    assert.strictEqual(Object.keys(samples).length, Reason.members.length)
    for (const [reason, status] of Object.values(samples)) {
      assert.strictEqual(statusOf(reason), status, reason._tag)
      assert.isString(titles[statusOf(reason)])
    }
    assert.strictEqual(statusOf({ _tag: "Unauthenticated", by: "openai" }), 502)
  })

  it.effect("what is wrong inside is not told", () =>
    Effect.gen(function* () {
      const inside: ReadonlyArray<Reason> = [
        { _tag: "Unreachable", host: "db.internal" },
        { _tag: "Locked", owner: "db.internal" },
        { _tag: "Malformed", what: "db.internal" },
        { _tag: "Unauthenticated", by: "db.internal" }
      ]
      for (const reason of inside) {
        const answer = yield* Effect.flip(told(Effect.fail(TenancyError.because(reason))))
        assert.notInclude(JSON.stringify([answer, answer.message]), "db.internal", reason._tag)
      }
    })
  )

  it.live("400 for what can never be accepted", () =>
    Effect.gen(function* () {
      const { ask, key, open } = yield* scripted
      const conversation = yield* open
      const empty = yield* ask(`${conversation}/turns`, { key, body: { text: "" } })
      isProblem(empty, 400, "Rejected")
      assert.strictEqual(at(empty.json, "detail"), "The message is empty.")
      const typed = yield* ask(`${conversation}/turns`, { key, body: { text: 1 } })
      isProblem(typed, 400, "Rejected")
      assert.strictEqual(at(typed.json, "reason", "field"), "payload.text")
      for (const limit of ["0", "1001", "x", "1.5", "-1"]) {
        const refused = yield* ask(`/v1/conversations?limit=${limit}`, { key })
        isProblem(refused, 400, "Rejected")
      }
    })
  )

  it.live("401 without a credential, 403 without a scope, 404 for what is not there", () =>
    Effect.gen(function* () {
      const { acme, ask, key } = yield* scripted
      const nobody = yield* ask("/v1/conversations")
      isProblem(nobody, 401, "Unauthenticated")
      assert.strictEqual(nobody.headers["www-authenticate"], "Bearer")
      isProblem(yield* ask("/v1/users", { key }), 403, "Forbidden")
      const { secret } = yield* acme.key({ scopes: [], user: "alice" })
      isProblem(yield* ask("/v1/limits", { key: secret }), 403, "Forbidden")
      isProblem(yield* ask("/v1/turns/turn_nobody", { key }), 404, "NotFound")
      isProblem(yield* ask("/v1/nothing", { key }), 404, "NotFound")
      isProblem(yield* ask("/nothing"), 404, "NotFound")
    })
  )

  it.live("409 for a conversation that is taken and for a key that was used", () =>
    Effect.gen(function* () {
      const { ask, key, open, script } = yield* scripted
      const conversation = yield* open
      const send = (body: object) => ask(`${conversation}/turns`, { key, body })
      assert.strictEqual((yield* send({ text: "hold", id: "k" })).status, 202)
      isProblem(yield* send({ text: "more", onBusy: "reject" }), 409, "Busy")
      isProblem(yield* send({ text: "other", id: "k" }), 409, "Conflict")
      yield* Deferred.succeed(script.gate, undefined)
    })
  )

  it.effect("410 for a turn that is answered again no more", () =>
    Effect.gen(function* () {
      const { acme, ask } = yield* house({ plan: { ...wide, replayMs: 1000 } })
      const key = yield* acme.user("alice")
      const { json } = yield* ask("/v1/conversations", { key, body: { template: "support" } })
      const send = ask(`/v1/conversations/${at(json, "id")}/turns`, {
        key,
        headers: { accept: "text/event-stream" },
        body: { text: "hi", id: "k" }
      })
      assert.strictEqual((yield* send).status, 200)
      assert.strictEqual((yield* send).status, 200)
      yield* TestClock.adjust(2000)
      isProblem(yield* send, 410, "Gone")
    })
  )

  it.live("422 for what this app does not have", () =>
    Effect.gen(function* () {
      const { ask, key, script } = yield* scripted
      script.refuseToOpen = { _tag: "Unsupported", capability: "conversations" }
      const refused = yield* ask("/v1/conversations", { key, body: { template: "support" } })
      isProblem(refused, 422, "Unsupported")
    })
  )

  it.effect("[023][025] the eleventh turn within a minute is 429 and reaches no agent", () =>
    Effect.gen(function* () {
      const script = yield* Scripted.make
      const { acme, ask } = yield* house({
        backend: Scripted.layer(script),
        plan: { ...wide, user: { turns: 10, windowMs: 60_000 } }
      })
      const sender = Effect.fnUntraced(function* (name: string) {
        const key = yield* acme.user(name)
        const { json } = yield* ask("/v1/conversations", { key, body: { template: "support" } })
        const path = `/v1/conversations/${at(json, "id")}/turns`
        // With the events as the answer it has run when it is answered.
        const headers = { accept: "text/event-stream" }
        return { key, send: ask(path, { key, headers, body: { text: "hi" } }) }
      })
      const { key, send } = yield* sender("alice")
      for (let turn = 0; turn < 10; turn++) {
        assert.strictEqual((yield* send).status, 200)
        yield* TestClock.adjust(100)
      }
      const refused = yield* send
      isProblem(refused, 429, "RateLimited")
      assert.strictEqual(at(refused.json, "reason", "retryAfterMs"), 59_000)
      assert.strictEqual(refused.headers["retry-after"], "59")
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* send).headers["retry-after"], "59")
      const left = yield* ask("/v1/limits", { key })
      assert.strictEqual(at(left.json, "user", "left"), 0)
      assert.strictEqual(script.runs, 10)
      assert.strictEqual((yield* (yield* sender("bob")).send).status, 200)
      yield* TestClock.adjust(58_998)
      assert.strictEqual((yield* send).headers["retry-after"], "1")
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* send).status, 200)
      assert.strictEqual(script.runs, 12)
    })
  )

  it.live("[075] 500 for a failure of ours, without a stack and without what is inside", () =>
    Effect.gen(function* () {
      const { acme, ask, key, script } = yield* scripted
      const { secret } = yield* acme.key({ scopes: ["act-as", "turns"] })
      const chat = (message: unknown) =>
        ask("/chat", { key: secret, body: { user_id: "alice", message } })
      assert.strictEqual((yield* chat("hello")).status, 200)
      isProblem(yield* chat(1), 400, "Rejected")
      isProblem(yield* ask("/chat", { key: secret, raw: "{" }), 400, "Rejected")
      const said = ["break", "die", "no model", "bad prompt"]
      const failures = [...(yield* Effect.forEach(said, chat))]
      script.refuseToOpen = { _tag: "Unreachable", host: "models.internal" }
      failures.push(yield* ask("/v1/conversations", { key, body: { template: "own" } }))
      for (const failure of failures) {
        assert.strictEqual(failure.status, 500, failure.text)
        assert.notMatch(failure.text, /secret inside|models\.internal|\.ts|node_modules|at /)
      }
    })
  )

  it.live("502 when a vendor refuses the server's own key: the caller's is fine", () =>
    Effect.gen(function* () {
      const { ask, key, script } = yield* scripted
      script.refuseToOpen = { _tag: "Unauthenticated", by: "vendor.example" }
      const refused = yield* ask("/v1/conversations", { key, body: { template: "support" } })
      isProblem(refused, 502, "Internal")
      assert.notInclude(refused.text, "vendor.example")
      assert.isUndefined(refused.headers["www-authenticate"])
    })
  )
})
