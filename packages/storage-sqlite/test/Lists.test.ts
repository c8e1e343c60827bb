/** Pages: cursors are hostile, limits are not trusted, and a long transcript is read fast. */
import type { StorageError } from "@atrium/core/errors"
import type { Page } from "@atrium/core/Page"
import type { MessageRecord } from "@atrium/core/storage/MessageStore"
import type { PassageRecord } from "@atrium/core/storage/PassageStore"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Lane from "./support/Lane.ts"
import { freshFile, opened, scopeOf } from "./support/Opened.ts"

const hostile = [
  "",
  "0",
  "1.0' or 1=1 --",
  "%",
  "\u0000",
  "\ud800",
  "1.2.3",
  "-1.0",
  "1e3.0",
  "9999999999999999999.0",
  "a\u0001b\u0001c",
  "tenant\u0001user",
  "x".repeat(100_000)
]

const message = (conversationId: string, position: number, index: number): MessageRecord => ({
  conversationId,
  userId: "alice",
  position,
  index,
  message: {
    id: `message_${`${position}`.padStart(20, "0")}-${index}`,
    role: index === 0 ? "user" : "assistant",
    parts:
      index === 2
        ? [
            { _tag: "Reasoning", text: "Because." },
            { _tag: "ToolCall", callId: "c", name: "n", input: { a: [1] } }
          ]
        : [{ _tag: "Text", text: "What it says is two lines long, as most are. ".repeat(4) }],
    turnId: `turn_${position}`,
    at: 1_800_000_000_000 + position,
    partial: false
  }
})

const passages = (userId: string) => ({ kind: "agent" as const, id: "agent", userId })

const passage = (userId: string, n: string): PassageRecord => ({
  id: `passage ${n} of ${userId}`,
  archive: passages(userId),
  text: "Tea.",
  document: null,
  from: 0,
  to: 4,
  tags: ["t"],
  at: 1
})

describe("a page", () => {
  it.live("gives a cursor that was made up a typed refusal, or what is the scope's own", () =>
    Effect.gen(function* () {
      const [alice, bob] = [yield* scopeOf("alice"), yield* scopeOf("bob")]
      yield* opened(yield* freshFile, (storage) =>
        Effect.gen(function* () {
          const { maintenance, stores } = storage
          for (const scope of [alice, bob]) {
            yield* Lane.open(storage, scope)
            const random = Lane.randomOf(1)
            for (let i = 0; i < 5; i++) yield* Lane.act(storage, scope, random)
            yield* stores.passages.insert(
              scope,
              ["1", "2"].map((n) => passage(Option.getOrThrow(scope.userId), n))
            )
          }
          for (const after of hostile) {
            for (const newestFirst of [true, false]) {
              const by = { after, newestFirst }
              const lists: ReadonlyArray<Effect.Effect<Page<unknown>, StorageError>> = [
                stores.users.list(alice, by),
                stores.keys.list(alice, by),
                stores.agents.list(alice, { ...by, tags: ["t"] }),
                stores.bindings.list(alice, {}, by),
                stores.conversations.list(alice, by),
                stores.messages.list(alice, Lane.idOf(alice), by),
                stores.messages.list(alice, Lane.idOf(bob), by),
                stores.ledger.list(alice, by),
                stores.passages.list(alice, passages("alice"), { ...by, tags: ["t"] }),
                stores.passages.list(alice, passages("bob"), by),
                stores.documents.list(alice, "handbook", by),
                maintenance.listTenants(by)
              ]
              for (const list of lists) {
                const told = yield* Effect.catchIf(
                  list,
                  ({ reason }) => reason._tag === "Rejected",
                  () => Effect.succeed({ items: [], next: Option.none<string>() })
                )
                assert.notInclude(JSON.stringify(told), "bob")
              }
            }
          }
        })
      )
    })
  )

  it.live("refuses a limit that is none", () =>
    Effect.gen(function* () {
      const alice = yield* scopeOf("alice")
      yield* opened(yield* freshFile, ({ stores }) =>
        Effect.forEach([0, -1, 1001, 1.5, Number.NaN, Number.POSITIVE_INFINITY], (limit) =>
          Effect.map(Effect.flip(stores.conversations.list(alice, { limit })), ({ reason }) =>
            assert.strictEqual(reason._tag, "Rejected")
          )
        )
      )
    })
  )

  it.live("of 10,000 messages after another, all of them in less than 150 ms of work", () =>
    Effect.gen(function* () {
      const alice = yield* scopeOf("alice")
      yield* opened(yield* freshFile, (storage) =>
        Effect.gen(function* () {
          const { stores } = storage
          yield* Lane.open(storage, alice)
          const id = Lane.idOf(alice)
          const records = Array.from({ length: 10_000 }, (_, i) =>
            message(id, 1 + Math.floor(i / 2), (i % 2) + (i % 100 === 99 ? 1 : 0))
          )
          yield* stores.messages.append(alice, records)
          const times: Array<number> = []
          for (let round = 0; round < 5; round++) {
            const cpu = process.cpuUsage()
            let after = Option.none<string>()
            let count = 0
            do {
              const page = yield* stores.messages.list(alice, id, {
                limit: 1000,
                ...(Option.isSome(after) ? { after: after.value } : {})
              })
              for (const { id } of page.items) {
                assert.strictEqual(id, records[count]?.message.id)
                count += 1
              }
              after = page.next
            } while (Option.isSome(after))
            assert.strictEqual(count, 10_000)
            const { system, user } = process.cpuUsage(cpu)
            times.push((user + system) / 1000)
          }
          yield* Effect.logInfo(`10,000 messages: ${times.map((t) => t.toFixed(0)).join(", ")} ms`)
          assert.isBelow(Math.min(...times), 150)
        })
      )
    })
  )
})
