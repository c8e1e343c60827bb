/** What the two sides of a kill test say to each other: orders to the house, lines from it. */
import { TurnDelta } from "@atrium/core/turns/TurnDelta"
import { TurnFact } from "@atrium/core/turns/TurnFact"
import * as Schema from "effect/Schema"
import { Billed, Counted, Place, Remembered, Shown } from "./Shown.ts"

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
  "amnesiac",
  // A tool with effects that is told as read-only, so that no intent of it is stored.
  "intentless",
  // A backend that stores the results of a step without the calls.
  "callless",
  // A backend whose memory is not written in the transaction of the step.
  "torn-memory",
  // A storage that loses one in ten rows of the ledger.
  "unbilled"
])
export type Mutant = typeof Mutant.Type

/**
 * The house of a life.
 * - `storage`: SQLite's own, or the key-value lift over a table.
 * - `backend`: `Teller.ts`, or the native one with tools and memory. `steps`: messages of a teller's turn.
 * - `approvals`: a person is asked before each payment.
 * - `inFlight`: turns that are sent at the same time; several of them into the same conversations.
 */
export const House = Schema.Struct({
  file: S,
  storage: Schema.Literals(["sqlite", "key-value"]),
  backend: Schema.Literals(["teller", "native"]),
  steps: N,
  approvals: Schema.Boolean,
  inFlight: N,
  mutant: Schema.NullOr(Mutant)
})
export type House = typeof House.Type

/** A send as it was announced. */
export const Sent = Schema.Struct({ id: S, place: Place, text: S, interrupts: Schema.Boolean })
export type Sent = typeof Sent.Type

/** A house kills itself some time after a line, said so often: nobody else would be so exact. */
export const Death = Schema.Struct({ at: S, count: N, ms: N })
export type Death = typeof Death.Type

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
  dies: Schema.NullOr(Death),
  resend: Schema.Array(Sent),
  follow: Schema.Array(
    Schema.Struct({ turnId: S, reader: S, place: Place, after: Schema.NullOr(S) })
  ),
  places: Schema.Array(Place)
})
export type Orders = typeof Orders.Type

export const Event = Schema.Union([...TurnFact.members, ...TurnDelta.members])
export type Event = typeof Event.Type

/**
 * One line of the house's output, written before anything else happens.
 * - `Sending`, then `Accepted` or `Refused`: a send. `Cancelling`, `Cancelled`: a cancel.
 * - `Deciding`, `Decided`: about a call that waits. `Acting`, `Acted`: before and after a tool's deed.
 * - `Read`: an event that a reader got, and where it stands now. `Logged`: warnings and errors.
 * - `Shown`, `Counted`, `Billed`, `Remembered`: the end's show, a conversation or a user at a time.
 */
export const Line = Schema.Union([
  Schema.TaggedStruct("Ready", {}),
  Schema.TaggedStruct("Sending", { sent: Sent }),
  Schema.TaggedStruct("Accepted", { id: S, turnId: S }),
  Schema.TaggedStruct("Refused", { id: S, reason: S, message: S }),
  Schema.TaggedStruct("Cancelling", { turnId: S }),
  Schema.TaggedStruct("Cancelled", { turnId: S }),
  Schema.TaggedStruct("Deciding", { turnId: S, callId: S, approved: Schema.Boolean }),
  Schema.TaggedStruct("Decided", { turnId: S, callId: S, approved: Schema.Boolean }),
  Schema.TaggedStruct("Acting", { act: S, what: S }),
  Schema.TaggedStruct("Acted", { act: S, what: S }),
  Schema.TaggedStruct("Read", { turnId: S, reader: S, cursor: S, event: Event }),
  Schema.TaggedStruct("Failed", { what: S, why: S }),
  Schema.TaggedStruct("Logged", { level: S, text: S }),
  Shown,
  Counted,
  Billed,
  Remembered,
  Schema.TaggedStruct("Settled", {})
])
export type Line = typeof Line.Type

const pieces = ["remember", "what", "was", "said", "and", "say", "it", "again", "in", "pieces"]

/** What is answered in a step of a run: each run's text is another, so no two can be mixed. */
export const answer = (text: string, step: number, run: number): string =>
  `${step}/${run} ${text}: ${pieces.join(` ${step}${run} `)}`
