/** TRN: what a backend owes to a turn, whatever it says. */
import { Conversations } from "@atrium/core/conversations/Conversations"
import { textOf } from "@atrium/core/conversations/Message"
import { Turns } from "@atrium/core/turns/Turns"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { as, inHouse } from "../pipeline/House.ts"
import { endOf, Reading } from "../pipeline/Reading.ts"
import {
  ask,
  cancel,
  read,
  refusal,
  resumesEverywhere,
  send,
  talk,
  transcript
} from "../pipeline/Steps.ts"
import { atOnce, range } from "../storage/Interleaving.ts"
import type { BackendRule, Steps } from "./BackendRule.ts"

const rule = (
  id: string,
  sentence: string,
  steps: Steps,
  rows: ReadonlyArray<string> = []
): BackendRule => ({ id, sentence, rows, check: inHouse(as("ann")(steps)) })

export const turns: ReadonlyArray<BackendRule> = [
  rule(
    "TRN-1a",
    "each of three turns tells its start, its steps and one end, and stores what it told",
    Effect.gen(function* () {
      const turns = yield* Turns
      const { id: conversation } = yield* talk()
      const told = yield* Effect.forEach(["hello", "and you?", "bye"], (text) =>
        Effect.map(Stream.runCollect(turns.stream({ conversation, text })), Reading.of)
      )
      for (const { ended, facts, messages } of told) {
        assert.isTrue(ended)
        assert.strictEqual(endOf(facts), "answered")
        assert.isAtLeast(messages.length, 2)
      }
      assert.deepStrictEqual(
        yield* transcript(conversation),
        told.flatMap(({ messages }) => messages)
      )
    })
  ),
  rule(
    "TRN-1b",
    "no message of one turn has the id of another's, and each belongs to its own",
    Effect.gen(function* () {
      const { id: conversation } = yield* talk()
      const other = yield* talk("other")
      for (const id of [conversation, other.id]) {
        for (const text of ["same", "same"]) yield* ask({ conversation: id, text })
      }
      const all = [...(yield* transcript(conversation)), ...(yield* transcript(other.id))]
      assert.strictEqual(new Set(all.map(({ id }) => id)).size, all.length)
      assert.strictEqual(new Set(all.map(({ turnId }) => turnId)).size, 4)
    })
  ),
  rule(
    "TRN-2a",
    "the deltas of each message, joined, are the stored message; and so after any cursor",
    Effect.gen(function* () {
      const turns = yield* Turns
      const { id: conversation } = yield* talk()
      const text = "Tell me a story of some length, please."
      const told = yield* Stream.runCollect(turns.stream({ conversation, text }))
      const [first] = told
      yield* resumesEverywhere(first?._tag === "TurnStarted" ? first.turnId : "", told)
    }),
    ["116"]
  ),
  rule(
    "TRN-3a",
    "a repeated id is answered from the first turn; the backend is not asked again",
    Effect.gen(function* () {
      const { id: conversation } = yield* talk()
      const input = { conversation, text: "hello", id: "key" }
      const first = yield* ask(input)
      assert.deepStrictEqual(yield* ask(input), first)
      assert.strictEqual(
        (yield* Effect.flatMap(Conversations, (all) => all.find(conversation))).length,
        (yield* transcript(conversation)).length
      )
    })
  ),
  rule(
    "TRN-4a",
    "ten sends at once into one conversation are answered one by one, in order",
    Effect.gen(function* () {
      const { id: conversation } = yield* talk()
      yield* atOnce(range(10).map((n) => ask({ conversation, text: `text ${n}` })))
      const texts = (yield* transcript(conversation))
        .filter(({ role }) => role === "user")
        .map(textOf)
      assert.deepStrictEqual(
        texts,
        range(10).map((n) => `text ${n}`)
      )
    })
  ),
  rule(
    "TRN-6a",
    "a client that leaves after the first event does not cancel",
    Effect.gen(function* () {
      const turns = yield* Turns
      const { id: conversation } = yield* talk()
      const [first] = yield* Stream.runCollect(
        Stream.take(turns.stream({ conversation, text: "hello" }), 1)
      )
      const reading = yield* read(first?._tag === "TurnStarted" ? first.turnId : "")
      assert.strictEqual(endOf(reading.facts), "answered")
    })
  ),
  rule(
    "TRN-6b",
    "a cancel at any moment leaves one end, and a conversation that answers",
    Effect.gen(function* () {
      const { id: conversation } = yield* talk()
      for (const n of range(8)) {
        const { id } = yield* send({ conversation, text: `turn ${n}` })
        yield* Effect.replicateEffect(Effect.yieldNow, n * n, { discard: true })
        const said = yield* refusal(cancel(id))
        const { facts } = yield* read(id)
        assert.strictEqual(endOf(facts), said === "Conflict" ? "answered" : "cancelled")
      }
      assert.notStrictEqual((yield* ask({ conversation, text: "are you there?" })).text, "")
    })
  ),
  rule(
    "ISO-4a",
    "twenty users at once: no word of one is in what another is told",
    Effect.gen(function* () {
      const users = range(20).map((n) => `user ${n}`)
      const told = yield* atOnce(
        users.map((user) =>
          Effect.gen(function* () {
            const { id: conversation } = yield* talk()
            for (const n of range(3)) {
              yield* ask({ conversation, text: `canary of ${user}. And ${n}?` })
            }
            return [user, JSON.stringify(yield* transcript(conversation))] as const
          }).pipe(as(user))
        )
      )
      for (const [user, text] of told) {
        for (const found of text.match(/canary of user \d+\./g) ?? []) {
          assert.strictEqual(found, `canary of ${user}.`)
        }
      }
    }),
    ["010", "068", "082"]
  )
]
