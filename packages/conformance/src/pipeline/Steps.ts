/** What rules about the pipeline do again and again, as a caller. */

import type { Atrium } from "@atrium/core"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { ConversationId, TurnId } from "@atrium/core/ids"
import type { Storage } from "@atrium/core/storage/Storage"
import type { Principal } from "@atrium/core/tenancy/Principal"
import type { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Cursor from "@atrium/core/turns/Cursor"
import type { Send } from "@atrium/core/turns/Turn"
import type { TurnEvent } from "@atrium/core/turns/TurnEvent"
import { Turns } from "@atrium/core/turns/Turns"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { as, type House, inHouse, type Opening } from "./House.ts"
import { type PipelineRule, timed } from "./PipelineRule.ts"
import { Reading } from "./Reading.ts"

/** What a caller's steps may use. */
export type Within = Atrium.Facades | Principal | Storage | TenantResolver | House

/** The conversation of the caller with an agent. */
export const talk = (key?: string, template = "helper") =>
  Effect.flatMap(Conversations, (conversations) => conversations.resolve(template, key))

export const send = (input: Send) => Effect.flatMap(Turns, (turns) => turns.send(input))

export const ask = (input: Send) => Effect.flatMap(Turns, (turns) => turns.ask(input))

export const cancel = (id: string) => Effect.flatMap(Turns, (turns) => turns.cancel(TurnId(id)))

/** Everything a turn tells from `after` on, to its end. */
export const told = (id: string, after?: string) =>
  Effect.flatMap(Turns, (turns) => Stream.runCollect(turns.follow(TurnId(id), after)))

/** A turn read from its beginning, to its end. */
export const read = (id: string) => Effect.map(told(id), Reading.of)

/** The transcript of a conversation, all pages of it. */
export const transcript = Effect.fnUntraced(function* (id: string) {
  const conversations = yield* Conversations
  const { items } = yield* conversations.messages(ConversationId(id), { limit: 1000 })
  return items
})

/** The tag of the reason with which `self` is refused. */
export const refusal = <A, E extends { readonly reason: { readonly _tag: string } }, R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<string, never, R> =>
  Effect.match(self, { onFailure: ({ reason }) => reason._tag, onSuccess: () => "no refusal" })

/** Comes back after each event of `events` and finds neither a gap nor a repeat [TRN-2]. */
export const resumesEverywhere = Effect.fnUntraced(function* (
  id: string,
  events: ReadonlyArray<TurnEvent>
) {
  const whole = Reading.of(events)
  for (const [i, event] of events.entries()) {
    const reading = Reading.of(events.slice(0, i + 1)).comeBack(event)
    for (const next of yield* told(id, Cursor.after(event))) reading.take(next)
    assert.deepStrictEqual(reading.facts, whole.facts, `after event ${i + 1}, a ${event._tag}`)
  }
})

/** A rule in which one user, ann, of one tenant does `steps`; its time is virtual. */
export const ann = (
  given: Omit<PipelineRule, "check">,
  steps: Effect.Effect<void, unknown, Within>,
  opening?: Opening
): PipelineRule =>
  timed({ ...given, check: Effect.suspend(() => inHouse(as("ann")(steps), opening)) })
