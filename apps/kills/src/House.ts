/**
 * The process that is killed: the whole house, its guests, and a line of output for everything that
 * was promised to them. It takes its orders from standard input.
 */

import { readFileSync } from "node:fs"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { TurnId } from "@atrium/core/ids"
import * as Cursor from "@atrium/core/turns/Cursor"
import { isEnd } from "@atrium/core/turns/TurnFact"
import { Turns } from "@atrium/core/turns/Turns"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { decisions } from "./Decisions.ts"
import * as Dice from "./Dice.ts"
import * as Guests from "./Guests.ts"
import { as, dieAt, logger, orSay, say } from "./Say.ts"
import { Orders, type Sent } from "./Script.ts"
import { shows } from "./Show.ts"
import type { Place } from "./Shown.ts"

const parent = process.ppid
// Whoever kills is killed, too, at times: nothing stays behind.
setInterval(() => process.ppid !== parent && process.exit(), 500).unref()

const orders = Schema.decodeSync(Schema.fromJsonString(Orders))(readFileSync(0, "utf8"))

dieAt(orders.dies)

const life = Effect.gen(function* () {
  const turns = yield* Turns
  const conversations = yield* Conversations
  const decide = yield* decisions(orders)
  const show = yield* shows(orders)

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

  /** Reads a turn to its end, or until `leaves` events were read, or nobody wants to decide. */
  const read = (turnId: string, reader: string, place: Place, after?: string, leaves = Infinity) =>
    Effect.gen(function* () {
      const dice = Dice.from(`${orders.seed} ${turnId} ${reader}`)
      let cursor = after
      let left = leaves
      let ended = false
      do {
        yield* turns.follow(TurnId(turnId), cursor).pipe(
          Stream.take(left),
          Stream.runForEach((event) =>
            Effect.sync(() => {
              cursor = Cursor.after(event)
              left -= 1
              ended = isEnd(event)
              say({ _tag: "Read", turnId, reader, cursor, event })
            })
          )
        )
      } while (!ended && left > 0 && orders.house.approvals && (yield* goesOn(turnId, dice)))
    }).pipe(as(place), orSay(`reading ${turnId}`))

  /** What becomes of a turn that waits: a guest decides or leaves; in the end it is decided anyway. */
  const goesOn = (turnId: string, dice: Dice.Dice) =>
    orders.load ? decide.some(turnId, dice) : Effect.as(Effect.sleep(10), true)

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

  const visit = (sent: Sent, dice: Dice.Dice) =>
    Effect.gen(function* () {
      const turnId = yield* send(sent)
      if (turnId === undefined) return yield* Effect.sleep(5)
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
    })

  const guest = (number: number) =>
    Effect.gen(function* () {
      const dice = Dice.make(orders.seed * 100 + number)
      for (let round = 0; ; round++) {
        const mark = `${orders.seed}-${number}-${round}`
        const sends =
          orders.house.backend === "native" && dice.chance(0.3)
            ? Guests.pair(dice, mark)
            : [Guests.send(dice, mark)]
        yield* Effect.forEach(sends, (sent) => visit(sent, dice), {
          concurrency: 2,
          discard: true
        })
      }
    })

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
  // Whatever was left behind, every conversation answers.
  const lastSends = Effect.forEach(
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
  const ending = Effect.andThen(resumed, Effect.andThen(decide.untilNothingWaits, lastSends))
  yield* orders.house.approvals ? Effect.raceFirst(ending, decide.all) : ending
  yield* show.all
  say({ _tag: "Settled" })
})

await Effect.runPromise(
  life.pipe(
    Effect.provide(Guests.layer(orders.house, orders.seed)),
    Effect.catchCause((cause) =>
      Effect.sync(() => say({ _tag: "Failed", what: "the house", why: String(cause) }))
    ),
    Effect.provide(Logger.layer([logger])),
    Effect.provideService(References.MinimumLogLevel, "Warn")
  )
)
