import type { Reason } from "@atrium/core/errors"
import type { TurnEvent } from "@atrium/core/turns/TurnEvent"
import type { Line } from "@atrium/testing/ScriptedModel"
import { assert, it } from "@effect/vitest"
import * as AiError from "effect/ai/AiError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import { TestClock } from "effect/testing"
import type { Native } from "../src/index.ts"
import { app, as, asked, send, talk } from "./house.ts"

/** A turn on the test's clock: its events, and the waits between the calls of the model in seconds. */
const turn = Effect.fnUntraced(function* (
  script: ReadonlyArray<Line>,
  options: Native.Options = {},
  stepMs = 50
) {
  const times: Array<number> = []
  return yield* Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.flatMap(talk(), (id) => send(id, "hello")))
    for (let n = 0; n < 1000; n++) {
      yield* Effect.replicateEffect(Effect.yieldNow, 40, { discard: true })
      const now = yield* Clock.currentTimeMillis
      while (times.length < (yield* asked).length) times.push(now)
      if (fiber.pollUnsafe() !== undefined) break
      yield* TestClock.adjust(stepMs)
    }
    const events = yield* Fiber.join(fiber)
    const waits = times.slice(1).map((at, i) => (at - (times[i] ?? 0)) / 1000)
    return { events, waits, calls: times.length }
  }).pipe(as("alice"), Effect.provide(app({ script, options })))
})

const failing = (fails: AiError.AiErrorReason): Line => ({ fails })

const rateLimited = (after?: Duration.Input) =>
  failing(
    new AiError.RateLimitError(
      after === undefined ? {} : { retryAfter: Duration.fromInputUnsafe(after) }
    )
  )
const down = {
  fails: new AiError.InternalProviderError({ description: "down" })
} as const satisfies Line

const reasonOf = (events: ReadonlyArray<TurnEvent>): Reason | undefined => {
  const end = events.at(-1)
  return end?._tag === "TurnFailed" ? end.reason : undefined
}
const messageOf = (events: ReadonlyArray<TurnEvent>): string => {
  const end = events.at(-1)
  return end?._tag === "TurnFailed" ? end.message : ""
}

const between = (value: number | undefined, from: number, to: number) => {
  assert.isAtLeast(value ?? -1, from)
  // The clock of the test moves by 50 ms.
  assert.isBelow(value ?? -1, to + 0.051)
}

it.effect("[135] a model is asked three times unless set otherwise, then the turn fails", () =>
  Effect.gen(function* () {
    const three = yield* turn([down, down, down])
    assert.strictEqual(three.calls, 3)
    assert.strictEqual(reasonOf(three.events)?._tag, "Unreachable")
    assert.strictEqual((yield* turn([down], { tries: 1 })).calls, 1)
    const third = yield* turn([down, down, "Here."])
    assert.strictEqual(third.events.at(-1)?._tag, "TurnFinished")
  })
)

it.effect("[136] a rate limit waits 2^n + U(0,1) s: in [1,2), [2,3), [4,5)", () =>
  Effect.gen(function* () {
    const script = [rateLimited(), rateLimited(), rateLimited(), "Here."]
    const firsts = new Set<number | undefined>()
    for (const seed of ["a", "b", "c", "d"]) {
      const { events, waits } = yield* Random.withSeed(turn(script, { tries: 4 }), seed)
      assert.strictEqual(events.at(-1)?._tag, "TurnFinished")
      between(waits[0], 1, 2)
      between(waits[1], 2, 3)
      between(waits[2], 4, 5)
      firsts.add(waits[0])
    }
    assert.isAbove(firsts.size, 1, "the wait has no chance in it")
  })
)

it.effect("a rate limit waits as long as the server says, unless nobody would wait so long", () =>
  Effect.gen(function* () {
    const { waits } = yield* turn([rateLimited("7 seconds"), "Here."])
    between(waits[0], 7, 7)
    const { calls, events } = yield* turn([rateLimited("61 seconds")])
    assert.strictEqual(calls, 1)
    assert.deepStrictEqual(reasonOf(events), { _tag: "RateLimited", retryAfterMs: 61_000 })
  })
)

it.effect("[137] a prompt that is too long fails at once and suggests a new conversation", () =>
  Effect.gen(function* () {
    const { calls, events } = yield* turn([
      failing(
        new AiError.InvalidRequestError({
          metadata: { openai: { code: "context_length_exceeded", status: 400 } }
        })
      )
    ])
    assert.strictEqual(calls, 1)
    assert.strictEqual(reasonOf(events)?._tag, "ContextTooLong")
    assert.include(messageOf(events), "Start a new conversation")
  })
)

const once: ReadonlyArray<readonly [Reason["_tag"], AiError.AiErrorReason]> = [
  ["Unauthenticated", new AiError.AuthenticationError({ kind: "InvalidKey" })],
  ["NotFound", new AiError.InvalidRequestError({ metadata: { openai: { status: 404 } } })],
  ["NotFound", new AiError.UnknownError({ metadata: { openai: { status: 404 } } })],
  ["Rejected", new AiError.InvalidRequestError({ parameter: "temperature" })],
  ["Rejected", new AiError.ContentPolicyError({ description: "no" })],
  ["QuotaExceeded", new AiError.QuotaExhaustedError({})]
]

it.effect(
  "[138] a wrong key, an unknown model and a bad request fail at once, by their types",
  () =>
    Effect.gen(function* () {
      for (const [reason, fails] of once) {
        const { calls, events } = yield* turn([failing(fails)])
        assert.deepStrictEqual([calls, reasonOf(events)?._tag], [1, reason])
      }
    })
)

it.effect("[139] everything else waits 2^n s and ends as a typed error", () =>
  Effect.gen(function* () {
    const network = failing(
      new AiError.NetworkError({ reason: "TransportError", method: "POST", url: "http://x/v1" })
    )
    const { events, waits } = yield* turn([network, down, network, network], { tries: 4 })
    assert.lengthOf(waits, 3)
    between(waits[0], 1, 1)
    between(waits[1], 2, 2)
    between(waits[2], 4, 4)
    assert.strictEqual(reasonOf(events)?._tag, "Unreachable")
  })
)

it.effect("a try that fails in mid-sentence is taken back before the next one", () =>
  Effect.gen(function* () {
    const fails = new AiError.InternalProviderError({ description: "down" })
    const { events } = yield* turn([{ text: "Half a sen", fails }, "A whole sentence."])
    const tags = events.map(({ _tag }) => _tag)
    const at = tags.indexOf("Retracted")
    assert.isAbove(at, tags.indexOf("TextDelta"))
    const after = events.slice(at).flatMap((one) => (one._tag === "TextDelta" ? one.text : []))
    assert.strictEqual(after.join(""), "A whole sentence.")
    const stored = events.flatMap((one) => (one._tag === "MessageStored" ? one.message.parts : []))
    assert.deepStrictEqual(stored, [{ _tag: "Text", text: "A whole sentence." }])
  })
)

it.effect("a model that is silent is given up after 120 s a try, and its call is ended", () =>
  Effect.gen(function* () {
    const late = { text: "late", after: "10 minutes" } as const
    const { events, waits } = yield* turn([late, late], { tries: 2 }, 1000)
    between(waits[0], 121, 121)
    assert.deepStrictEqual(reasonOf(events), { _tag: "TimedOut", afterMs: 120_000 })
  })
)

it.effect("a silence is met once more and not a third time, beside other failures", () =>
  Effect.gen(function* () {
    const late = { text: "late", after: "10 minutes" } as const
    const silent = yield* turn([late, late], {}, 1000)
    assert.strictEqual(silent.calls, 2)
    assert.deepStrictEqual(reasonOf(silent.events), { _tag: "TimedOut", afterMs: 120_000 })
    const mixed = yield* turn([late, down, late], { tries: 5 }, 1000)
    assert.strictEqual(mixed.calls, 3)
    assert.strictEqual(reasonOf(mixed.events)?._tag, "TimedOut")
    const woken = yield* turn([late, "Here."], {}, 1000)
    assert.strictEqual(woken.events.at(-1)?._tag, "TurnFinished")
  })
)

it.effect("a model that falls silent in mid-sentence is given up, too", () =>
  Effect.gen(function* () {
    const { events } = yield* turn([{ text: "a long story", between: "6 seconds" }], {
      tries: 1,
      silence: "5 seconds"
    })
    assert.deepStrictEqual(reasonOf(events), { _tag: "TimedOut", afterMs: 5000 })
    const slow = yield* turn([{ text: "a long story", between: "4 seconds" }], {
      tries: 1,
      silence: "5 seconds"
    })
    assert.strictEqual(slow.events.at(-1)?._tag, "TurnFinished")
  })
)

it.effect("a model that never comes to an end is given up, however much it says", () =>
  Effect.gen(function* () {
    const { events } = yield* turn([{ text: "a long story", between: "4 seconds" }], {
      tries: 1,
      silence: "5 seconds",
      call: "10 seconds"
    })
    assert.deepStrictEqual(reasonOf(events), { _tag: "TimedOut", afterMs: 10_000 })
  })
)

it.effect("an answer that ends as an error, or without a word of why, is no answer", () =>
  Effect.gen(function* () {
    const half = { text: "Half an ans", finish: "error" } as const
    const { calls, events } = yield* turn([half, half, half])
    assert.strictEqual(calls, 3)
    assert.strictEqual(reasonOf(events)?._tag, "Unreachable")
    const again = yield* turn([half, "A whole answer."])
    assert.strictEqual(again.events.at(-1)?._tag, "TurnFinished")
  })
)

it.effect("limits of infinity are none, and wake nobody", () =>
  Effect.gen(function* () {
    const options = { silence: Duration.infinity, call: Duration.infinity }
    const { events } = yield* turn([{ text: "late", after: "10 minutes" }], options, 1000)
    assert.strictEqual(events.at(-1)?._tag, "TurnFinished")
  })
)

it.effect("half an answer that a model ends with an error is taken back, and asked for again", () =>
  Effect.gen(function* () {
    const { calls, events } = yield* turn([{ text: "Half an", finish: "error" }, "All of it."])
    assert.strictEqual(calls, 2)
    assert.include(
      events.map(({ _tag }) => _tag),
      "Retracted"
    )
    const texts = events.flatMap((event) =>
      event._tag === "MessageStored" ? event.message.parts : []
    )
    assert.deepStrictEqual(texts, [{ _tag: "Text", text: "All of it." }])
  })
)

it.effect("[TRN-9] an answer that never ends fails the turn, and nothing of it is stored", () =>
  Effect.gen(function* () {
    const { events } = yield* turn(["x".repeat(1_000_001)], { tries: 1 })
    assert.deepStrictEqual(reasonOf(events)?._tag, "Malformed")
    assert.include(messageOf(events), "1000000 characters")
  })
)

/** What a turn tells of its calls, and its usage at the end. */
const billed = (events: ReadonlyArray<TurnEvent>) => {
  const end = events.at(-1)
  return {
    calls: events.flatMap((one) =>
      one._tag === "ModelCalled" ? [[one.purpose, one.finish, one.usage.output]] : []
    ),
    output: end?._tag === "TurnFinished" || end?._tag === "TurnFailed" ? end.usage.output : -1
  }
}

it.effect("[TRN-10] tries that failed are counted by what the vendor told of them", () =>
  Effect.gen(function* () {
    const half = { text: "Half an ans", finish: "error" } as const
    const again = yield* turn([half, "A whole answer."])
    assert.deepStrictEqual(billed(again.events), {
      calls: [
        ["failed", "error", 5],
        ["chat", "stop", 5]
      ],
      output: 10
    })
    const never = yield* turn([half, half, half])
    assert.strictEqual(reasonOf(never.events)?._tag, "Unreachable")
    assert.deepStrictEqual(billed(never.events).output, 15)
    assert.lengthOf(billed(never.events).calls, 3)
    // Nobody knows what these used.
    const unknown = yield* turn([down, { text: "Half", fails: down.fails }, "Here."])
    assert.deepStrictEqual(billed(unknown.events).calls, [["chat", "stop", 5]])
  })
)

it.effect("each step counts the tries of its own that failed", () =>
  Effect.gen(function* () {
    const half = { text: "Half an ans", finish: "error" } as const
    const call = { calls: [{ name: "memory_search", params: { query: "x" } }] }
    const { events } = yield* turn([half, call, half, "Done."], {})
    assert.deepStrictEqual(
      billed(events).calls.map(([purpose]) => purpose),
      ["failed", "chat", "failed", "chat"]
    )
    assert.strictEqual(events.at(-1)?._tag, "TurnFinished")
  })
)
