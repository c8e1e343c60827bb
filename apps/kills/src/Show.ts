/** The end's show: every conversation with its turns, and every user's meter, ledger and memory. */
import { Conversations } from "@atrium/core/conversations/Conversations"
import { type AgentId, type BlockId, TurnId } from "@atrium/core/ids"
import { Memory } from "@atrium/core/memory/Memory"
import { allPages } from "@atrium/core/Page"
import { Storage } from "@atrium/core/storage/Storage"
import { Limits } from "@atrium/core/tenancy/Limits"
import { Principal } from "@atrium/core/tenancy/Principal"
import { Ledger } from "@atrium/core/turns/Ledger"
import { isFact } from "@atrium/core/turns/TurnEvent"
import { Turns } from "@atrium/core/turns/Turns"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Guests from "./Guests.ts"
import { as, orSay, say } from "./Say.ts"
import type { Orders } from "./Script.ts"
import type { Place, ShownTurn } from "./Shown.ts"

export const shows = Effect.fnUntraced(function* ({ places }: Orders) {
  const conversations = yield* Conversations
  const ledger = yield* Ledger
  const limits = yield* Limits
  const memory = yield* Memory
  const { stores } = yield* Storage
  const turns = yield* Turns

  const showTurn = Effect.fnUntraced(function* (id: string) {
    const record = Option.getOrUndefined(yield* stores.turns.find(yield* Principal, id))
    if (record === undefined) return []
    const events = yield* Stream.runCollect(turns.follow(TurnId(id)))
    const { attempt, end, handedBack, key, position, sequence, stored, usage } = record
    const shown: ShownTurn = {
      id,
      position,
      key,
      sequence,
      stored,
      attempt,
      died: attempt - handedBack,
      usage,
      ended: end !== null,
      facts: events.filter(isFact)
    }
    return [shown]
  })

  const historyOf = (block: BlockId) =>
    Effect.map(
      allPages((by) => memory.history(block, by)),
      (revisions) =>
        revisions
          .map(({ revision, turnId, value }) => ({
            revision,
            value,
            turnId: Option.getOrNull(turnId)
          }))
          .reverse()
    )

  const remembered = Effect.fnUntraced(function* ({ tenant, user }: Place, agent: AgentId) {
    const blocks = yield* Effect.forEach(yield* memory.blocks(agent), ({ id, revision, value }) =>
      Effect.map(historyOf(id), (history) => ({ id, revision, value, history }))
    )
    const passages = yield* allPages((by) => memory.passages(agent, by))
    say({ _tag: "Remembered", tenant, user, blocks, passages: passages.map(({ text }) => text) })
  })

  const billed = Effect.fnUntraced(function* ({ tenant, user }: Place) {
    const total = yield* ledger.total({ from: 0, to: Number.MAX_SAFE_INTEGER })
    const calls = yield* allPages((by) => ledger.calls(by))
    say({
      _tag: "Billed",
      tenant,
      user,
      total,
      calls: calls.map(({ model, sequence, turnId, usage }) => ({ turnId, sequence, model, usage }))
    })
  })

  const show = (place: Place) =>
    Effect.gen(function* () {
      const { agentId, id } = yield* conversations.resolve(Guests.template, place.key)
      const record = Option.getOrThrow(yield* stores.conversations.find(yield* Principal, id))
      const messages = yield* allPages((by) => conversations.messages(id, by))
      const ids = [...new Set(messages.map(({ turnId }) => turnId))]
      const shown = yield* Effect.forEach(ids, showTurn)
      const { length, position, unended } = record
      say({ _tag: "Shown", place, position, unended, length, messages, turns: shown.flat() })
      const left = yield* limits.left
      say({
        _tag: "Counted",
        tenant: place.tenant,
        user: place.user,
        used: Guests.rate.turns - left.user.left,
        tenantUsed: Guests.rate.turns - (left.tenant?.left ?? 0)
      })
      yield* billed(place)
      yield* remembered(place, agentId)
    }).pipe(as(place), orSay(`showing ${JSON.stringify(place)}`))

  return { all: Effect.forEach(places, show, { discard: true }) }
})
