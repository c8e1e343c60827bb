/** What persons decide about calls that wait: at random, also twice, and at last about all. */
import { Conversations } from "@atrium/core/conversations/Conversations"
import { TurnId } from "@atrium/core/ids"
import { Storage } from "@atrium/core/storage/Storage"
import { Principal } from "@atrium/core/tenancy/Principal"
import { Turns } from "@atrium/core/turns/Turns"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Dice from "./Dice.ts"
import * as Guests from "./Guests.ts"
import { as, orSay, say } from "./Say.ts"
import type { Orders } from "./Script.ts"
import type { Place } from "./Shown.ts"

export const decisions = Effect.fnUntraced(function* (orders: Orders) {
  const conversations = yield* Conversations
  const { turns: store } = (yield* Storage).stores
  const turns = yield* Turns

  const decide = (turnId: string, callId: string, approved: boolean) =>
    Effect.gen(function* () {
      say({ _tag: "Deciding", turnId, callId, approved })
      yield* turns.decide(TurnId(turnId), callId, approved)
      say({ _tag: "Decided", turnId, callId, approved })
    }).pipe(
      // Somebody else decided, or the turn was cancelled.
      Effect.catchTag("TurnError", ({ message, reason }) =>
        reason._tag === "Conflict"
          ? Effect.void
          : Effect.sync(() => say({ _tag: "Failed", what: `decide ${callId}`, why: message }))
      )
    )

  /** A guest decides about the calls that a turn waits with; false when it leaves one to others. */
  const some = Effect.fnUntraced(function* (turnId: string, dice: Dice.Dice) {
    const turn = Option.getOrUndefined(yield* store.find(yield* Principal, turnId))
    let left = false
    for (const { callId } of turn?.waiting ?? []) {
      yield* Effect.sleep(dice.below(5))
      if (dice.chance(0.3)) left = true
      else yield* decide(turnId, callId, dice.chance(0.6))
    }
    yield* Effect.sleep(2)
    return !left
  })

  const unendedOf = (place: Place) =>
    Effect.gen(function* () {
      const { id } = yield* conversations.resolve(Guests.template, place.key)
      return yield* store.unended(yield* Principal, id)
    })

  const decideAt = (place: Place) =>
    Effect.gen(function* () {
      const dice = Dice.from(`${orders.seed} ${JSON.stringify(place)}`)
      for (const { id, waiting } of yield* unendedOf(place)) {
        for (const { callId } of waiting) yield* decide(id, callId, dice.chance(0.5))
      }
    }).pipe(as(place), orSay(`deciding at ${JSON.stringify(place)}`))

  const isBusy = (place: Place) =>
    Effect.map(unendedOf(place), ({ length }) => length > 0).pipe(as(place))

  return {
    some,
    /** Decides about everything that waits, for ever. */
    all: Effect.forever(
      Effect.andThen(Effect.forEach(orders.places, decideAt, { discard: true }), Effect.sleep(10))
    ),
    /** Waits until no conversation has an unended turn. */
    untilNothingWaits: Effect.forEach(
      orders.places,
      (place) =>
        Effect.gen(function* () {
          while (yield* isBusy(place)) yield* Effect.sleep(10)
        }).pipe(orSay(`the end of all turns at ${JSON.stringify(place)}`)),
      { discard: true }
    )
  }
})
