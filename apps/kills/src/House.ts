/**
 * The process that is killed: the whole house, its guests, and a line of output for everything that
 * was promised to them. It takes its orders from standard input.
 */

import { readFileSync, writeSync } from "node:fs"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { TurnId } from "@atrium/core/ids"
import { allPages } from "@atrium/core/Page"
import { Storage } from "@atrium/core/storage/Storage"
import { Limits } from "@atrium/core/tenancy/Limits"
import { Principal } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Cursor from "@atrium/core/turns/Cursor"
import { isFact } from "@atrium/core/turns/TurnEvent"
import { Turns } from "@atrium/core/turns/Turns"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Dice from "./Dice.ts"
import * as Guests from "./Guests.ts"
import { type Line, Orders, type Place, type Sent, type ShownTurn } from "./Script.ts"

/** Longest time anything may take to end. */
const patience = "10 seconds"

const parent = process.ppid
// Whoever kills is killed, too, at times: nothing stays behind.
setInterval(() => process.ppid !== parent && process.exit(), 500).unref()

const say = (line: Line): void => {
  let rest = Buffer.from(`${JSON.stringify(line)}\n`)
  while (rest.length > 0) rest = rest.subarray(writeSync(1, rest))
}

const as = ({ tenant, user }: Place) => TenantResolver.provide({ tenant, user, scopes: ["turns"] })

const logger = Logger.make(({ cause, logLevel, message }) =>
  say({ _tag: "Logged", level: logLevel, text: `${JSON.stringify(message)} ${String(cause)}` })
)

/** Says a failure and goes on: what was wanted is missing in the end, and found. */
const orSay =
  (what: string) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<Option.Option<A>, never, R> =>
    self.pipe(
      Effect.timeout(patience),
      Effect.asSome,
      Effect.catchCause((cause) =>
        Effect.sync(() => {
          say({ _tag: "Failed", what, why: String(cause) })
          return Option.none<A>()
        })
      )
    )

const orders = Schema.decodeSync(Schema.fromJsonString(Orders))(readFileSync(0, "utf8"))

const visit = Effect.gen(function* () {
  const turns = yield* Turns
  const conversations = yield* Conversations
  const storage = yield* Storage
  const limits = yield* Limits

  const resolve = (place: Place) => conversations.resolve(Guests.template, place.key)

  const send = (sent: Sent) =>
    Effect.gen(function* () {
      const { id } = yield* resolve(sent.place)
      say({ _tag: "Sending", sent })
      const turn = yield* turns.send({
        conversation: id,
        text: sent.text,
        id: sent.id,
        ...(sent.interrupts ? { onBusy: "interrupt" as const } : {})
      })
      say({ _tag: "Accepted", id: sent.id, turnId: turn.id })
      return turn.id
    }).pipe(
      Effect.catchTag("TurnError", ({ message, reason }) =>
        Effect.sync(() => {
          say({ _tag: "Refused", id: sent.id, reason: reason._tag, message })
          return undefined
        })
      ),
      as(sent.place)
    )

  /** Reads a turn to its end, or until `leaves` events were read. */
  const read = (turnId: string, reader: string, place: Place, after?: string, leaves = Infinity) =>
    turns.follow(TurnId(turnId), after).pipe(
      Stream.take(leaves),
      Stream.runForEach((event) =>
        Effect.sync(() => say({ _tag: "Read", turnId, reader, cursor: Cursor.after(event), event }))
      ),
      as(place),
      orSay(`reading ${turnId}`)
    )

  const cancel = (turnId: string, place: Place) =>
    Effect.gen(function* () {
      say({ _tag: "Cancelling", turnId })
      yield* turns.cancel(TurnId(turnId))
      say({ _tag: "Cancelled", turnId })
    }).pipe(
      // It may have ended meanwhile.
      Effect.catchTag("TurnError", ({ message, reason }) =>
        reason._tag === "Conflict"
          ? Effect.void
          : Effect.sync(() => say({ _tag: "Failed", what: `cancel ${turnId}`, why: message }))
      ),
      as(place)
    )

  const guest = (number: number) =>
    Effect.gen(function* () {
      const dice = Dice.make(orders.seed * 100 + number)
      for (let round = 0; ; round++) {
        const sent = Guests.send(dice, `${orders.seed}-${number}-${round}`)
        const turnId = yield* send(sent)
        if (turnId === undefined) {
          yield* Effect.sleep(5)
          continue
        }
        const others = [
          dice.chance(0.3) ? read(turnId, "hasty", sent.place, undefined, 1 + dice.below(9)) : [],
          dice.chance(0.1)
            ? Effect.andThen(Effect.sleep(dice.below(20)), cancel(turnId, sent.place))
            : []
        ].flat()
        yield* Effect.all([read(turnId, "patient", sent.place), ...others], {
          concurrency: "unbounded",
          discard: true
        })
      }
    })

  const showTurn = (id: string) =>
    Effect.gen(function* () {
      const record = Option.getOrUndefined(yield* storage.stores.turns.find(yield* Principal, id))
      if (record === undefined) return []
      const events = yield* Stream.runCollect(turns.follow(TurnId(id)))
      const { attempt, key, position, sequence, stored, usage } = record
      const shown: ShownTurn = {
        id,
        position,
        key,
        sequence,
        stored,
        attempt,
        usage,
        ended: record.end !== null,
        facts: events.filter(isFact)
      }
      return [shown]
    })

  const show = (place: Place) =>
    Effect.gen(function* () {
      const { id } = yield* resolve(place)
      const record = Option.getOrThrow(
        yield* storage.stores.conversations.find(yield* Principal, id)
      )
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
    }).pipe(as(place), orSay(`showing ${JSON.stringify(place)}`))

  say({ _tag: "Ready" })
  const resumed = Effect.all(
    [
      ...orders.resend.map((sent) => Effect.asVoid(orSay(`sending ${sent.id} again`)(send(sent)))),
      ...orders.follow.map(({ after, place, reader, turnId }) =>
        Effect.asVoid(read(turnId, reader, place, after ?? undefined))
      )
    ],
    { concurrency: "unbounded", discard: true }
  )
  if (orders.load) {
    const guests = Array.from({ length: orders.house.inFlight }, (_, i) => guest(i))
    yield* Effect.all([resumed, ...guests], { concurrency: "unbounded", discard: true })
  }
  yield* resumed
  // Whatever was left behind, every conversation answers.
  yield* Effect.forEach(
    orders.places,
    (place, i) =>
      Effect.gen(function* () {
        const mark = `${orders.seed}-last-${i}`
        const text = `${place.tenant} ${place.user} ${mark}`
        const turnId = yield* send({ id: mark, place, text, interrupts: false })
        if (turnId !== undefined) yield* read(turnId, "patient", place)
      }).pipe(orSay(`a new send to ${JSON.stringify(place)}`)),
    { concurrency: "unbounded", discard: true }
  )
  yield* Effect.forEach(orders.places, show, { discard: true })
  say({ _tag: "Settled" })
})

await Effect.runPromise(
  visit.pipe(
    Effect.provide(Guests.layer(orders.house)),
    Effect.catchCause((cause) =>
      Effect.sync(() => say({ _tag: "Failed", what: "the house", why: String(cause) }))
    ),
    Effect.provide(Logger.layer([logger])),
    Effect.provideService(References.MinimumLogLevel, "Warn")
  )
)
