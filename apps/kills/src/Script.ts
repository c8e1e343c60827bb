/** What the two sides of a kill test say to each other: orders to the house, lines from it. */
import { Message } from "@atrium/core/conversations/Message"
import { TurnDelta } from "@atrium/core/turns/TurnDelta"
import { TurnFact } from "@atrium/core/turns/TurnFact"
import { Usage } from "@atrium/core/turns/Usage"
import * as Schema from "effect/Schema"

const S = Schema.String
const N = Schema.Int

/** Deliberately broken houses, which the test must catch. */
export const Mutant = Schema.Literals([
  // A storage that acknowledges a commit up to 20 ms before it is on the disk.
  "early-ack",
  // A storage whose commits are not one transaction.
  "torn-commit",
  // A storage that does not find turns by their key.
  "keyless",
  // A backend that begins a turn anew and forgets the steps that were stored.
  "amnesiac"
])
export type Mutant = typeof Mutant.Type

/**
 * The house of a life.
 * - `storage`: SQLite's own, or the key-value lift over a table. `steps`: messages of a turn.
 * - `inFlight`: turns that are sent at the same time; several of them into the same conversations.
 */
export const House = Schema.Struct({
  file: S,
  storage: Schema.Literals(["sqlite", "key-value"]),
  steps: N,
  inFlight: N,
  mutant: Schema.NullOr(Mutant)
})
export type House = typeof House.Type

/** Whose conversation, and under which key. */
export const Place = Schema.Struct({ tenant: S, user: S, key: S })
export type Place = typeof Place.Type

/** A send as it was announced. */
export const Sent = Schema.Struct({ id: S, place: Place, text: S, interrupts: Schema.Boolean })
export type Sent = typeof Sent.Type

/**
 * What a house is told when it starts.
 * - `resend`: sends to repeat: those that were not answered, and some that were.
 * - `follow`: readers, and where they stopped.
 * - `load`: go on sending until the end; else settle, check that all answer, show everything, stop.
 */
export const Orders = Schema.Struct({
  house: House,
  seed: N,
  load: Schema.Boolean,
  resend: Schema.Array(Sent),
  follow: Schema.Array(
    Schema.Struct({ turnId: S, reader: S, place: Place, after: Schema.NullOr(S) })
  ),
  places: Schema.Array(Place)
})
export type Orders = typeof Orders.Type

export const Event = Schema.Union([...TurnFact.members, ...TurnDelta.members])
export type Event = typeof Event.Type

/** A turn as the storage shows it at the end. */
export const ShownTurn = Schema.Struct({
  id: S,
  position: N,
  key: Schema.NullOr(S),
  sequence: N,
  stored: N,
  attempt: N,
  ended: Schema.Boolean,
  usage: Usage,
  facts: Schema.Array(TurnFact)
})
export type ShownTurn = typeof ShownTurn.Type

export const Shown = Schema.TaggedStruct("Shown", {
  place: Place,
  position: N,
  unended: N,
  length: N,
  messages: Schema.Array(Message),
  turns: Schema.Array(ShownTurn)
})
export type Shown = typeof Shown.Type

/**
 * One line of the house's output, written before anything else happens.
 * - `Sending`, then `Accepted` or `Refused`: a send. `Cancelling`, `Cancelled`: a cancel.
 * - `Read`: an event that a reader got, and where it stands now. `Logged`: warnings and errors.
 * - `Shown`, `Counted`: the end's show, a conversation and a user's or tenant's meter at a time.
 */
export const Line = Schema.Union([
  Schema.TaggedStruct("Ready", {}),
  Schema.TaggedStruct("Sending", { sent: Sent }),
  Schema.TaggedStruct("Accepted", { id: S, turnId: S }),
  Schema.TaggedStruct("Refused", { id: S, reason: S, message: S }),
  Schema.TaggedStruct("Cancelling", { turnId: S }),
  Schema.TaggedStruct("Cancelled", { turnId: S }),
  Schema.TaggedStruct("Read", { turnId: S, reader: S, cursor: S, event: Event }),
  Schema.TaggedStruct("Failed", { what: S, why: S }),
  Schema.TaggedStruct("Logged", { level: S, text: S }),
  Shown,
  Schema.TaggedStruct("Counted", { tenant: S, user: S, used: N, tenantUsed: N }),
  Schema.TaggedStruct("Settled", {})
])
export type Line = typeof Line.Type

const pieces = ["remember", "what", "was", "said", "and", "say", "it", "again", "in", "pieces"]

/** What the teller answers in a step of a run: each run's text is another, so no two can be mixed. */
export const answer = (text: string, step: number, attempt: number): string =>
  `${step}/${attempt} ${text}: ${pieces.join(` ${step}${attempt} `)}`
