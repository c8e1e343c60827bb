/**
 * Random transactions of one user over the stores, and what must be true of what they left,
 * wherever the process died.
 */
import * as Samples from "@atrium/conformance/storage/Samples"
import type { LedgerRecord } from "@atrium/core/storage/LedgerStore"
import type { Storage } from "@atrium/core/storage/Storage"
import type { FactRecord, TurnRecord } from "@atrium/core/storage/TurnStore"
import type { Caller } from "@atrium/core/tenancy/Principal"
import * as Usage from "@atrium/core/turns/Usage"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

export type { Caller }

type Service = Storage["Service"]

/** Numbers from 0 to 1 that a seed gives, always the same. */
export const randomOf = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What is written in transactions that are rolled back. */
const forgotten = "never happened"
const at = 1_800_000_000_000
const rate = { turns: 1_000_000, windowMs: 1_000_000_000 }
export const idOf = (scope: Caller): string => `conversation of ${user(scope)}`
const user = (scope: Caller): string => Option.getOrThrow(scope.userId)

const fact = (sequence: number): FactRecord => ({
  _tag: "ToolFinished",
  sequence,
  at,
  callId: `call ${sequence}`,
  outcome: "done"
})

const message = (turn: TurnRecord, index: number, text: string) => ({
  conversationId: turn.conversationId,
  userId: turn.userId,
  position: turn.position,
  index,
  message: {
    id: `${turn.id}-${index}`,
    role: index === 0 ? ("user" as const) : ("assistant" as const),
    parts: [{ _tag: "Text" as const, text }],
    turnId: turn.id,
    at,
    partial: false
  }
})

/** A step as the ledger tells it. */
const rowOf = (turn: TurnRecord, sequence: number, ends: boolean): LedgerRecord => ({
  turnId: turn.id,
  sequence,
  conversationId: turn.conversationId,
  agentId: turn.agentId,
  userId: turn.userId,
  at,
  call: { purpose: "chat", model: "m", usage: { ...Usage.none, output: sequence }, finish: "stop" },
  turns: ends ? 1 : 0,
  messages: 0
})

export const open = ({ stores }: Service, scope: Caller) =>
  stores.conversations.resolve(scope, Samples.conversation(idOf(scope), user(scope)))

/** One more transaction; answers `position sequence` of the turn it wrote, or null when it failed. */
export const act = Effect.fnUntraced(function* (
  { stores, transact }: Service,
  scope: Caller,
  random: () => number
) {
  const fails = random() < 0.2
  const text = fails ? forgotten : "x".repeat(Math.floor(random() ** 4 * 9000))
  const ends = random() < 0.5
  const written = transact(
    Effect.gen(function* () {
      const before = Option.getOrThrow(yield* stores.conversations.find(scope, idOf(scope)))
      const [running] = yield* stores.turns.unended(scope, before.id)
      const next = before.position + 1
      const turn =
        running ??
        Samples.turn(`turn ${next} of ${user(scope)}`, before.id, user(scope), {
          position: next,
          key: `${next}`,
          sequence: 1,
          stored: 1
        })
      if (running === undefined) {
        yield* stores.limits.take(scope, "user", rate, at)
        yield* stores.turns.insert(scope, turn)
        yield* stores.messages.append(scope, [message(turn, 0, text)])
        yield* stores.conversations.save(scope, {
          ...before,
          position: turn.position,
          length: before.length + 1,
          unended: 1,
          fence: before.fence + 1
        })
      } else {
        const stored = 1 + Math.floor(random() * 3)
        const added = Array.from({ length: stored }, (_, i) => fact(turn.sequence + 1 + i))
        yield* stores.conversations.advance(scope, before.id, {
          fence: before.fence,
          position: turn.position,
          stored,
          ends
        })
        yield* stores.turns.advance(
          scope,
          {
            ...turn,
            sequence: turn.sequence + stored,
            stored: turn.stored + stored,
            end: ends ? { _tag: "Finished", stop: "answered" } : null,
            endedAt: ends ? at : null
          },
          added
        )
        yield* stores.messages.append(
          scope,
          added.map((_, i) => message(turn, turn.stored + i, text))
        )
        yield* stores.ledger.append(scope, [rowOf(turn, turn.sequence + stored, ends)])
        if (fails) return yield* Effect.fail(forgotten)
        return `${turn.position} ${turn.sequence + stored}`
      }
      if (fails) return yield* Effect.fail(forgotten)
      return `${turn.position} ${turn.sequence}`
    })
  )
  return yield* Effect.catchIf(
    written,
    (error) => error === forgotten,
    () => Effect.succeed(null)
  )
})

/** Every transaction of the user is there whole or not at all, once; answers `position → sequence`. */
export const examine = Effect.fnUntraced(function* ({ stores }: Service, scope: Caller) {
  const found = Option.getOrThrow(yield* stores.conversations.find(scope, idOf(scope)))
  const sequences = new Map<number, number>()
  let length = 0
  let unended = 0
  for (let position = 1; position <= found.position; position++) {
    const turn = Option.getOrThrow(yield* stores.turns.findKeyed(scope, found.id, `${position}`))
    const messages = yield* stores.messages.ofTurn(scope, found.id, position)
    assert.deepStrictEqual(
      messages.map(({ id }) => id),
      Array.from({ length: turn.stored }, (_, i) => `${turn.id}-${i}`),
      `messages of turn ${position}`
    )
    assert.isFalse(JSON.stringify(messages).includes(forgotten), "what was rolled back is there")
    const facts = yield* stores.turns.facts(scope, turn, 1)
    assert.deepStrictEqual(
      facts.map(({ sequence }) => sequence),
      Array.from({ length: turn.sequence - 1 }, (_, i) => i + 2),
      `facts of turn ${position}`
    )
    length += turn.stored
    unended += turn.end === null ? 1 : 0
    sequences.set(position, turn.sequence)
  }
  assert.deepStrictEqual([found.length, found.unended], [length, unended], "what is counted")
  const beyond = yield* stores.messages.ofTurn(scope, found.id, found.position + 1)
  assert.deepStrictEqual(beyond, [], "messages of a turn that is not there")
  const counted = yield* stores.ledger.total(scope, at, at + 1)
  assert.strictEqual(counted.turns, found.position - unended, "turns of the ledger")
  const { left } = yield* stores.limits.left(scope, "user", rate, at)
  assert.strictEqual(rate.turns - left, found.position, "counted turns")
  return sequences
})
