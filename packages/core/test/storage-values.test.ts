/** Small values that stores and readers rest on: pages, cursors of turns, errors. */
import * as Errors from "@atrium/core/errors"
import { allPages, checkBy, pageOf } from "@atrium/core/Page"
import * as Cursor from "@atrium/core/turns/Cursor"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

describe("a page", () => {
  it("may hold 1 to 1,000 items", () => {
    for (const by of [{}, { limit: 1 }, { limit: 1000 }]) assert.isUndefined(checkBy(by))
    for (const limit of [0, -1, 1001, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      const reason = checkBy({ limit })
      assert.strictEqual(reason?._tag, "Rejected")
      assert.include(reason === undefined ? "" : Errors.explain(reason), `${limit}`)
    }
  })
  it("knows by one item too many that there is a next one", () => {
    const cursor = (n: number) => `after ${n}`
    assert.deepStrictEqual(pageOf([1, 2], 2, cursor), { items: [1, 2], next: Option.none() })
    assert.deepStrictEqual(pageOf([], 2, cursor), { items: [], next: Option.none() })
    assert.deepStrictEqual(pageOf([1, 2, 3], 2, cursor), {
      items: [1, 2],
      next: Option.some("after 2")
    })
  })
  it.effect("leads to the next one, until all were read", () =>
    Effect.gen(function* () {
      const all = Array.from({ length: 2500 }, (_, i) => i)
      const asked: Array<string | undefined> = []
      const found = yield* allPages(({ after, limit = 0 }) => {
        asked.push(after)
        const from = Number(after ?? -1) + 1
        return Effect.succeed(pageOf(all.slice(from, from + limit + 1), limit, (n) => `${n}`))
      })
      assert.deepStrictEqual(found, all)
      assert.deepStrictEqual(asked, [undefined, "999", "1999"])
    })
  )
})

describe("the cursor of a turn", () => {
  it("says a fact, or a place inside a message to come", () => {
    assert.deepStrictEqual(Cursor.parse("3"), { ...Cursor.start, sequence: 4 })
    assert.deepStrictEqual(Cursor.parse("0"), Cursor.start)
    assert.deepStrictEqual(Cursor.parse("4.0.17"), { sequence: 4, part: 0, offset: 17, attempt: 0 })
    assert.deepStrictEqual(Cursor.parse("4.1.0.2"), { sequence: 4, part: 1, offset: 0, attempt: 2 })
  })
  it("is not anything else", () => {
    for (const text of [
      "",
      "a",
      "-1",
      "1.",
      "1.2",
      "1.2.3.4.5",
      " 1",
      "1\n",
      "1e3",
      "1234567890"
    ]) {
      assert.isUndefined(Cursor.parse(text), JSON.stringify(text))
    }
  })
  it("comes after an event, so that what it says is parsed as the reader's place", () => {
    const written = { sequence: 4, messageId: "m", part: 1, offset: 3, text: "\u{1f600}a" }
    for (const kind of [
      { _tag: "TextDelta" },
      { _tag: "ReasoningDelta" },
      { _tag: "ToolInputDelta", callId: "1", name: "n" }
    ] as const) {
      assert.strictEqual(Cursor.after({ ...kind, ...written, attempt: 0 }), "4.1.6")
      assert.strictEqual(Cursor.after({ ...kind, ...written, attempt: 2 }), "4.1.6.2")
    }
    assert.strictEqual(
      Cursor.after({ _tag: "Retracted", sequence: 4, attempt: 0, messageId: "m" }),
      "3"
    )
    assert.strictEqual(
      Cursor.after({ _tag: "ToolStarted", sequence: 7, at: 0, callId: "1", name: "n" }),
      "7"
    )
  })
})

const reasons: ReadonlyArray<Errors.Reason> = [
  { _tag: "NotFound", what: "agent" },
  { _tag: "Conflict", what: "block", revision: 3 },
  { _tag: "Busy", ahead: 8 },
  { _tag: "Waiting", calls: ["1"] },
  { _tag: "Unauthenticated", by: "atrium" },
  { _tag: "Unauthenticated", by: "vendor" },
  { _tag: "RateLimited", retryAfterMs: 1500 },
  { _tag: "QuotaExceeded", budget: "month" },
  { _tag: "Forbidden", scope: "operator" },
  { _tag: "Rejected", field: "text", why: "text cannot be empty" },
  { _tag: "ContextTooLong" },
  { _tag: "Unsupported", capability: "blocks" },
  { _tag: "Unreachable", host: "db" },
  { _tag: "TimedOut", afterMs: 120_000 },
  { _tag: "Fenced" },
  { _tag: "Gone", what: "conversation" },
  { _tag: "NoAnswer", stop: "max-steps" },
  { _tag: "Malformed", what: "A stored turn" },
  { _tag: "Crashed", times: 2 },
  { _tag: "Locked", owner: "process 7" },
  { _tag: "Newer", found: 3, known: 2 }
]

describe("an error", () => {
  const boundaries = [
    Errors.TurnError,
    Errors.TenancyError,
    Errors.MemoryError,
    Errors.BackendError,
    Errors.StorageError
  ]
  it("has a reason for code and a sentence for people, which names the figures", () => {
    assert.sameMembers(
      [...new Set(reasons.map(({ _tag }) => _tag))],
      Errors.Reason.members.map(({ fields }) => fields._tag.schema.literal)
    )
    for (const reason of reasons) {
      for (const boundary of boundaries) {
        const error = boundary.because(reason)
        assert.deepStrictEqual(error.reason, reason)
        assert.strictEqual(error.message, Errors.explain(reason))
        assert.isAbove(error.message.length, 10)
        assert.strictEqual(boundary.because(reason, "mine").message, "mine")
      }
    }
    assert.include(Errors.explain({ _tag: "RateLimited", retryAfterMs: 1500 }), "2 s")
    assert.include(Errors.explain({ _tag: "Locked", owner: "process 7" }), "process 7")
    assert.notStrictEqual(
      Errors.explain({ _tag: "Unauthenticated", by: "atrium" }),
      Errors.explain({ _tag: "Unauthenticated", by: "vendor" })
    )
  })
  it("can be retried when its reason passes by itself", () => {
    assert.sameMembers(
      reasons.filter(Errors.isRetryable).map(({ _tag }) => _tag),
      ["Busy", "RateLimited", "Unreachable", "TimedOut", "Fenced"]
    )
  })
})
