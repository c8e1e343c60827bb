import { reasonOf } from "@atrium/core/backend/ReasonOf"
import { isRetryable, type Reason } from "@atrium/core/errors"
import * as FakeModel from "@atrium/testing/FakeModel"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as OpenAi from "../src/OpenAi.ts"
import { house, KEY, ways } from "./house.ts"

type Fails = Omit<Extract<FakeModel.Script, { _tag: "Fails" }>, "_tag">
const fails = (script: Fails): FakeModel.Script => ({ _tag: "Fails", ...script })
const garbage = (
  kind: Extract<FakeModel.Script, { _tag: "Garbage" }>["kind"]
): FakeModel.Script => ({ _tag: "Garbage", kind })

/** A fault, the kind of reason it must have, and whether the same request may succeed later. */
const faults: ReadonlyArray<
  readonly [
    what: string,
    script: FakeModel.Script,
    reason: (host: string) => Reason,
    again: boolean
  ]
> = [
  [
    "a wrong key",
    fails({ status: 401, code: "invalid_api_key" }),
    (by) => ({ _tag: "Unauthenticated", by }),
    false
  ],
  [
    "a key without permission",
    fails({ status: 403, message: "Country not supported." }),
    (by) => ({ _tag: "Unauthenticated", by }),
    false
  ],
  [
    "a quota, by 403",
    fails({ status: 403, code: "insufficient_quota" }),
    (budget) => ({ _tag: "QuotaExceeded", budget }),
    false
  ],
  [
    "a quota, by 429",
    fails({ status: 429, code: "insufficient_quota", headers: { "retry-after": "1" } }),
    (budget) => ({ _tag: "QuotaExceeded", budget }),
    false
  ],
  [
    "a quota, by the type alone",
    fails({ status: 429, type: "insufficient_quota" }),
    (budget) => ({ _tag: "QuotaExceeded", budget }),
    false
  ],
  [
    "a bill, by 402",
    fails({ status: 402 }),
    (budget) => ({ _tag: "QuotaExceeded", budget }),
    false
  ],
  [
    "a limit, without a time",
    fails({ status: 429, code: "rate_limit_exceeded" }),
    () => ({ _tag: "RateLimited", retryAfterMs: 0 }),
    true
  ],
  [
    "a limit, in seconds",
    fails({ status: 429, headers: { "retry-after": "7" } }),
    () => ({ _tag: "RateLimited", retryAfterMs: 7000 }),
    true
  ],
  [
    "a limit, in milliseconds before seconds",
    fails({ status: 429, headers: { "retry-after-ms": "250", "retry-after": "7" } }),
    () => ({ _tag: "RateLimited", retryAfterMs: 250 }),
    true
  ],
  [
    "a limit, by a date and the server's clock",
    fails({
      status: 429,
      headers: {
        date: "Wed, 01 Jan 2031 00:00:00 GMT",
        "retry-after": "Wed, 01 Jan 2031 00:00:09 GMT"
      }
    }),
    () => ({ _tag: "RateLimited", retryAfterMs: 9000 }),
    true
  ],
  [
    "a limit, for ever",
    fails({ status: 429, headers: { "retry-after": "99999999999999999999" } }),
    () => ({ _tag: "RateLimited", retryAfterMs: 86_400_000 }),
    true
  ],
  [
    "a limit, with nonsense for a time",
    fails({ status: 429, headers: { "retry-after": "-1; soon" } }),
    () => ({ _tag: "RateLimited", retryAfterMs: 0 }),
    true
  ],
  [
    "a prompt that is too long",
    fails({ status: 400, code: "context_length_exceeded", param: "messages" }),
    () => ({ _tag: "ContextTooLong" }),
    false
  ],
  [
    "a prompt that is too long, in another server's words",
    fails({ status: 400, message: "This model's maximum context length is 4096 tokens." }),
    () => ({ _tag: "ContextTooLong" }),
    false
  ],
  [
    "a prompt that is too long, by another server's type",
    fails({ status: 400, type: "exceed_context_size_error" }),
    () => ({ _tag: "ContextTooLong" }),
    false
  ],
  [
    "no such model",
    fails({ status: 404, code: "model_not_found" }),
    () => ({ _tag: "NotFound", what: "model" }),
    false
  ],
  [
    "no such path",
    fails({ status: 404, body: "<h1>404</h1>", headers: { "content-type": "text/html" } }),
    () => ({ _tag: "NotFound", what: "model server at this base URL" }),
    false
  ],
  ["500", fails({ status: 500 }), (host) => ({ _tag: "Unreachable", host }), true],
  [
    "503 without a body",
    fails({ status: 503, body: "" }),
    (host) => ({ _tag: "Unreachable", host }),
    true
  ],
  ["529", fails({ status: 529 }), (host) => ({ _tag: "Unreachable", host }), true],
  ["408", fails({ status: 408 }), (host) => ({ _tag: "Unreachable", host }), true],
  [
    "a connection that breaks",
    { _tag: "Cuts", how: "destroy" },
    (host) => ({ _tag: "Unreachable", host }),
    true
  ],
  [
    "no JSON",
    garbage("json"),
    (host) => ({ _tag: "Malformed", what: `The answer of ${host}` }),
    false
  ],
  [
    "another shape",
    garbage("shape"),
    (host) => ({ _tag: "Malformed", what: `The answer of ${host}` }),
    false
  ],
  [
    "a page",
    garbage("html"),
    (host) => ({ _tag: "Malformed", what: `The answer of ${host}` }),
    false
  ],
  [
    "no choices",
    garbage("empty"),
    (host) => ({ _tag: "Malformed", what: `The answer of ${host}` }),
    false
  ],
  [
    "no bytes",
    garbage("nothing"),
    (host) => ({ _tag: "Malformed", what: `The answer of ${host}` }),
    false
  ],
  [
    "an answer that ends unfinished",
    { _tag: "Cuts", how: "end" },
    (host) => ({ _tag: "Malformed", what: `The answer of ${host}` }),
    false
  ]
]

describe("each fault has its kind", () => {
  for (const [way, ask] of ways) {
    for (const [what, script, reason, again] of faults) {
      it.live(`${way}: ${what}`, () =>
        Effect.gen(function* () {
          const { model, server } = yield* house()
          server.plan(script)
          const error = yield* Effect.flip(ask(model))
          const host = new URL(server.url).host
          assert.deepStrictEqual(reasonOf(error), reason(host))
          assert.strictEqual(isRetryable(reasonOf(error)), again)
          assert.strictEqual(server.count(), 1, "nothing is retried here")
          assert.deepStrictEqual(server.planned(), [])
          assert.notInclude(JSON.stringify(error), KEY)
          assert.strictEqual(yield* ask(model), "ok: hello", "the next call is served")
        })
      )
    }
  }

  const [, streamed] = ways[1]
  const inStream: ReadonlyArray<
    readonly [what: string, script: FakeModel.Script, tag: Reason["_tag"]]
  > = [
    ["[DONE] before the end", { _tag: "Cuts", how: "done" }, "Malformed"],
    ["[DONE] at once", { _tag: "Cuts", how: "done", after: 0 }, "Malformed"],
    ["an error of the server", { _tag: "Breaks" }, "Unreachable"],
    ["a limit", { _tag: "Breaks", code: "rate_limit_exceeded" }, "RateLimited"],
    ["a prompt too long", { _tag: "Breaks", code: "context_length_exceeded" }, "ContextTooLong"],
    ["an error at once", { _tag: "Breaks", after: 0 }, "Unreachable"]
  ]
  for (const [what, script, tag] of inStream) {
    it.live(`within a stream: ${what}`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house()
        server.plan(script)
        assert.strictEqual(reasonOf(yield* Effect.flip(streamed(model)))._tag, tag)
      })
    )
  }

  it.live("a bad request says which parameter and in whose words", () =>
    Effect.gen(function* () {
      const { model, server } = yield* house()
      server.plan(fails({ status: 400, param: "temperature", message: "0.5 is not supported" }))
      const [, whole] = ways[0]
      const reason = reasonOf(yield* Effect.flip(whole(model)))
      assert.deepInclude(reason, { _tag: "Rejected", field: "temperature" })
      assert.include(JSON.stringify(reason), "0.5 is not supported")
    })
  )

  for (const [way, ask] of ways) {
    it.live(`${way}: nobody listens`, () =>
      Effect.gen(function* () {
        const url = yield* Effect.scoped(Effect.map(FakeModel.make(), (server) => server.url))
        const model = (yield* OpenAi.make({ baseUrl: url, apiKey: Redacted.make(KEY) }))("m")
        const reason = reasonOf(yield* Effect.flip(ask(model)))
        assert.deepStrictEqual(reason, { _tag: "Unreachable", host: new URL(url).host })
      })
    )

    it.live(`${way}: a server that hangs`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house({ timeout: "60 millis" })
        server.plan({ _tag: "Hangs" })
        const reason = reasonOf(yield* Effect.flip(ask(model)))
        assert.deepStrictEqual(reason, { _tag: "TimedOut", afterMs: 60 })
      })
    )

    it.live(`${way}: a server that hangs in mid-answer`, () =>
      Effect.gen(function* () {
        const { model, server } = yield* house({ timeout: "60 millis" })
        server.plan({ _tag: "Hangs", after: 3 })
        const reason = reasonOf(yield* Effect.flip(ask(model)))
        assert.deepStrictEqual(reason, { _tag: "TimedOut", afterMs: 60 })
      })
    )
  }

  it.live("a stream that hangs once it has finished is whole", () =>
    Effect.gen(function* () {
      const { model, server } = yield* house({ timeout: "60 millis" })
      // The role, eight pieces, and why it finished; usage does not come.
      server.plan({ _tag: "Hangs", after: 10 })
      assert.strictEqual(yield* streamed(model), "ok: hello")
      server.plan({ _tag: "Hangs", after: 9 })
      assert.strictEqual(reasonOf(yield* Effect.flip(streamed(model)))._tag, "TimedOut")
    })
  )

  it.live("a slow stream is no silent one", () =>
    Effect.gen(function* () {
      const { model, server } = yield* house({ timeout: "1 second" })
      server.plan({ _tag: "Says", text: "slow but steady", betweenMs: 400 })
      assert.strictEqual(yield* streamed(model), "slow but steady")
    })
  )
})
