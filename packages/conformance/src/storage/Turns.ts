/** Turns and their facts: found by id and key, open in order, told from anywhere. */

import { Storage } from "@atrium/core/storage/Storage"
import type { FactRecord, TurnRecord } from "@atrium/core/storage/TurnStore"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { atOnce, range } from "./Interleaving.ts"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"

const begun = Effect.gen(function* () {
  const { stores } = yield* Storage
  const scope = yield* scopeOf("tenant", "user")
  yield* stores.conversations.resolve(scope, Samples.conversation("c", "user"))
  return { scope, stores }
})

const usage = { input: 1, cached: 2, output: 3, reasoning: 4, microUsd: 5 }

/** What a backend kept of a step that it had begun, and the calls that wait for a person. */
const draft = { text: "e\u0301 \u{1f600} '\"", calls: [null, 1.5, { deep: [true, ""] }] }
const waiting = [
  { callId: "2", expiresAt: Samples.now },
  { callId: "1", expiresAt: 0 }
]

/** One of every kind. */
const everyFact: ReadonlyArray<FactRecord> = [
  { _tag: "ModelCalled", sequence: 2, at: 1, purpose: "chat", model: "m", usage, finish: "stop" },
  { _tag: "MessageStored", sequence: 3, at: 2, messageId: "message", attempt: 1, began: 1 },
  { _tag: "ToolStarted", sequence: 4, at: 3, callId: "1", name: "search" },
  { _tag: "ToolFinished", sequence: 5, at: 4, callId: "1", outcome: "unknown" },
  {
    _tag: "ApprovalRequested",
    sequence: 6,
    at: 5,
    callId: "2",
    name: "pay",
    input: { to: ["a", null, 1.5, { deep: true }] },
    expiresAt: 6
  },
  { _tag: "ApprovalResolved", sequence: 7, at: 6, callId: "2", approved: false, by: "user" },
  { _tag: "BlockEdited", sequence: 8, at: 7, blockId: "b", revision: 2 },
  {
    _tag: "TurnFailed",
    sequence: 9,
    at: 8,
    reason: { _tag: "RateLimited", retryAfterMs: 10 },
    message: "why",
    usage
  },
  { _tag: "TurnFinished", sequence: 10, at: 9, stop: "max-steps", usage }
]

export const turns: ReadonlyArray<StorageRule> = [
  rule({
    id: "TRN-3a",
    sentence: "a turn is found by its id and by the key it was sent with, as it was written",
    check: Effect.fnUntraced(function* () {
      const { scope, stores } = yield* begun
      const full = Samples.turn("t", "c", "user", {
        key: "send",
        retryOf: "r",
        scopes: ["turns", "app"],
        sequence: 4,
        stored: 2,
        attempt: 1,
        handedBack: 2,
        draft,
        waiting,
        usage
      })
      yield* stores.turns.insert(scope, full)
      yield* stores.turns.insert(scope, Samples.turn("unkeyed", "c", "user", { position: 2 }))
      assert.deepStrictEqual(Option.getOrThrow(yield* stores.turns.find(scope, "t")), full)
      const keyed = yield* stores.turns.findKeyed(scope, "c", "send")
      assert.deepStrictEqual(Option.getOrThrow(keyed), full)
      for (const key of ["sen", "send2", "SEND", "", "%", "unkeyed"]) {
        assert.isTrue(Option.isNone(yield* stores.turns.findKeyed(scope, "c", key)), key)
      }
      assert.isTrue(Option.isNone(yield* stores.turns.findKeyed(scope, "other", "send")))
    })
  }),
  rule({
    id: "TRN-3b",
    sentence: "a key stands for its turn also after the turn has ended",
    check: Effect.fnUntraced(function* () {
      const { scope, stores } = yield* begun
      const sent = Samples.turn("t", "c", "user", { key: "send" })
      yield* stores.turns.insert(scope, sent)
      yield* stores.turns.advance(scope, Samples.ended(sent), [])
      const found = yield* stores.turns.findKeyed(scope, "c", "send")
      assert.deepStrictEqual(Option.getOrThrow(found), Samples.ended(sent))
    })
  }),
  rule({
    id: "TRN-3c",
    sentence: "a second turn with a taken id, key or place is not written, and the first one stays",
    check: Effect.fnUntraced(function* () {
      const { scope, stores } = yield* begun
      const first = Samples.turn("t", "c", "user", { key: "send" })
      yield* stores.turns.insert(scope, first)
      yield* Effect.exit(
        stores.turns.insert(scope, { ...first, stored: 9, position: 2, key: null })
      )
      yield* Effect.exit(stores.turns.insert(scope, { ...first, id: "second", position: 2 }))
      yield* Effect.exit(stores.turns.insert(scope, { ...first, id: "third", key: "other" }))
      assert.deepStrictEqual(Option.getOrThrow(yield* stores.turns.find(scope, "t")), first)
      const keyed = yield* stores.turns.findKeyed(scope, "c", "send")
      assert.deepStrictEqual(Option.getOrThrow(keyed), first)
      assert.deepStrictEqual(yield* stores.turns.unended(scope, "c"), [first])
    })
  }),
  rule({
    id: "TRN-4",
    sentence: "unended turns come in the order of their positions, ended ones not at all",
    check: Effect.fnUntraced(function* () {
      const { scope, stores } = yield* begun
      yield* stores.conversations.resolve(scope, Samples.conversation("other", "user"))
      // Neither ids nor the order of writing say the order; 10 comes after 9.
      const positions = [10, 2, 9, 1, 100, 11]
      const turnAt = (position: number, conversation = "c") =>
        Samples.turn(`${200 - position} of ${conversation}`, conversation, "user", { position })
      for (const position of positions) {
        yield* stores.turns.insert(scope, turnAt(position))
        yield* stores.turns.insert(scope, turnAt(position, "other"))
      }
      const open = Effect.map(stores.turns.unended(scope, "c"), (found) =>
        found.map(({ position }) => position)
      )
      assert.deepStrictEqual(yield* open, [1, 2, 9, 10, 11, 100])
      yield* stores.turns.advance(scope, { ...turnAt(1), waiting }, [])
      yield* stores.turns.advance(scope, Samples.ended(turnAt(2)), [])
      yield* stores.turns.advance(scope, Samples.ended(turnAt(100)), [])
      assert.deepStrictEqual(yield* open, [1, 9, 10, 11])
      assert.lengthOf(yield* stores.turns.unended(scope, "other"), 6)
    })
  }),
  rule({
    id: "TRN-1a",
    sentence: "a step writes the turn whole and its facts, of every kind, as they were given",
    check: Effect.fnUntraced(function* () {
      const { scope, stores } = yield* begun
      const turn = Samples.turn("t", "c", "user")
      yield* stores.turns.insert(scope, turn)
      const left = { handedBack: 2, draft, waiting }
      const stepped = { ...turn, ...left, sequence: 10, stored: 3, attempt: 1, usage }
      yield* stores.turns.advance(scope, stepped, everyFact)
      assert.deepStrictEqual(Option.getOrThrow(yield* stores.turns.find(scope, "t")), stepped)
      assert.deepStrictEqual(yield* stores.turns.unended(scope, "c"), [stepped])
      assert.deepStrictEqual(yield* stores.turns.facts(scope, stepped, 1), everyFact)
      // What was left is gone when the next step does not say it again.
      const resumed = { ...stepped, handedBack: 0, draft: null, waiting: [] }
      yield* stores.turns.advance(scope, resumed, [])
      assert.deepStrictEqual(yield* stores.turns.unended(scope, "c"), [resumed])
    })
  }),
  rule({
    id: "TRN-1b",
    sentence: "a turn that has ended takes no further step: it answers false and writes nothing",
    check: Effect.fnUntraced(function* () {
      const { scope, stores } = yield* begun
      const turn = Samples.turn("t", "c", "user")
      const cut: TurnRecord = {
        ...Samples.ended(turn),
        end: { _tag: "Finished", stop: "cancelled" }
      }
      yield* stores.turns.insert(scope, turn)
      assert.isTrue(yield* stores.turns.advance(scope, turn, [Samples.fact(1)]))
      const ends = yield* atOnce(
        range(10).map((i) =>
          stores.turns.advance(scope, i === 0 ? cut : Samples.ended(turn), [
            Samples.fact(2, `${i}`)
          ])
        )
      )
      assert.lengthOf(
        ends.filter((written) => written),
        1
      )
      const [first] = yield* stores.turns.facts(scope, turn, 2)
      const winner = ends.indexOf(true)
      assert.deepStrictEqual(first, Samples.fact(2, `${winner}`))
      assert.isFalse(yield* stores.turns.advance(scope, turn, [Samples.fact(3)]))
      assert.lengthOf(yield* stores.turns.facts(scope, turn, 1), 2)
      const kept = Option.getOrThrow(yield* stores.turns.find(scope, "t"))
      assert.deepStrictEqual(kept, winner === 0 ? cut : Samples.ended(turn))
    })
  }),
  rule({
    id: "TRN-2",
    sentence: "facts are told from any sequence on, in order, each once, whatever step wrote them",
    check: Effect.fnUntraced(function* () {
      const { scope, stores } = yield* begun
      const turn = Samples.turn("t", "c", "user")
      yield* stores.turns.insert(scope, turn)
      for (const i of range(6)) {
        const facts = [Samples.fact(2 * i + 2), Samples.fact(2 * i + 3)]
        yield* stores.turns.advance(scope, { ...turn, sequence: 2 * i + 3 }, facts)
      }
      const all = range(12).map((i) => i + 2)
      for (const from of [0, 1, 2, 3, 9, 10, 11, 13, 14, 100]) {
        const found = yield* stores.turns.facts(scope, turn, from)
        assert.deepStrictEqual(
          found.map(({ sequence }) => sequence),
          all.filter((sequence) => sequence >= from)
        )
      }
    })
  }),
  rule({
    id: "TRN-7b",
    sentence: "a step of a turn that is not there writes nothing, its facts included",
    check: Effect.fnUntraced(function* () {
      const { scope, stores } = yield* begun
      const turn = Samples.turn("t", "c", "user")
      assert.isFalse(yield* stores.turns.advance(scope, turn, [Samples.fact(1)]))
      assert.isTrue(Option.isNone(yield* stores.turns.find(scope, "t")))
      yield* stores.turns.insert(scope, turn)
      assert.deepStrictEqual(yield* stores.turns.facts(scope, turn, 0), [])
    })
  }),
  rule({
    id: "STO-7a",
    sentence: "turns and messages of a conversation that is not there are not written",
    check: Effect.fnUntraced(function* () {
      const { stores } = yield* Storage
      const scope = yield* scopeOf("tenant", "user")
      yield* Effect.exit(stores.turns.insert(scope, Samples.turn("t", "c", "user")))
      yield* Effect.exit(stores.messages.append(scope, [Samples.messageAt("c", "user", 1, 0)]))
      assert.isTrue(Option.isNone(yield* stores.turns.find(scope, "t")))
      yield* stores.conversations.resolve(scope, Samples.conversation("c", "user"))
      assert.deepStrictEqual(yield* stores.turns.unended(scope, "c"), [])
      assert.deepStrictEqual((yield* stores.messages.list(scope, "c", {})).items, [])
    })
  })
]
