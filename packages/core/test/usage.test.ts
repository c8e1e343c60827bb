/** Who used what: counts per user in the ledger, and metrics whose labels no user can multiply. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { Conversations } from "../src/conversations/Conversations.ts"
import { TenantResolver } from "../src/tenancy/TenantResolver.ts"
import { Ledger } from "../src/turns/Ledger.ts"
import { Turns } from "../src/turns/Turns.ts"
import { app } from "./turns-app.ts"

const as = (user: string, scopes: ReadonlyArray<string> = ["turns"]) =>
  TenantResolver.provide({ tenant: "acme", user, scopes })

const say = (times: number) =>
  Effect.gen(function* () {
    const { id } = yield* (yield* Conversations).resolve("helper")
    for (let n = 0; n < times; n++) {
      yield* (yield* Turns).ask({ conversation: id, text: `message ${n}` })
    }
  })

const total = (user?: string) =>
  Effect.flatMap(Ledger, (ledger) =>
    ledger.total({ from: 0, to: Number.MAX_SAFE_INTEGER, ...(user === undefined ? {} : { user }) })
  )

describe("usage", () => {
  it.effect("[091] turns and messages are counted per user; an operator sees all of them", () =>
    Effect.gen(function* () {
      yield* say(3).pipe(as("ann"))
      yield* say(2).pipe(as("bob"))
      const counts = ({ messages, turns }: { messages: number; turns: number }) => [turns, messages]
      assert.deepStrictEqual(counts(yield* total().pipe(as("ann"))), [3, 6])
      assert.deepStrictEqual(counts(yield* total().pipe(as("bob"))), [2, 4])
      assert.deepStrictEqual(counts(yield* total().pipe(as("carol"))), [0, 0])
      const operator = as("op", ["operator", "turns"])
      assert.deepStrictEqual(counts(yield* total().pipe(operator)), [5, 10])
      assert.deepStrictEqual(counts(yield* total("bob").pipe(operator)), [2, 4])
      assert.strictEqual(
        (yield* Effect.flip(total("bob").pipe(as("ann")))).reason._tag,
        "Forbidden"
      )
    }).pipe(Effect.provide(app()))
  )

  it.effect(
    "[091] metrics count every turn, with labels that a thousand users do not multiply",
    () =>
      Effect.gen(function* () {
        for (let n = 0; n < 50; n++) yield* say(2).pipe(as(`user-${n}`))
        const found = (yield* Metric.snapshot).filter(({ id }) => id.startsWith("atrium."))
        assert.sameMembers(
          found.map(({ id }) => id),
          [
            "atrium.turns",
            "atrium.messages",
            "atrium.tokens.input",
            "atrium.tokens.output",
            "atrium.turn.duration"
          ]
        )
        const turns = found.find(({ id }) => id === "atrium.turns")
        assert.deepInclude(turns?.state, { count: 100 })
        assert.deepStrictEqual(turns?.attributes, {
          "gen_ai.agent.name": "helper",
          end: "answered"
        })
        assert.notMatch(
          JSON.stringify(found.map(({ attributes }) => attributes)),
          /user-|conv_|acme/
        )
      }).pipe(Effect.provide(app()), Effect.provideService(Metric.MetricRegistry, new Map()))
  )
})
