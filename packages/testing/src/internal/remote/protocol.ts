/** What the remote server and its client say to each other, and the faults that can be switched on. */
import * as Schema from "effect/Schema"

const S = Schema.String
const N = Schema.Int

/** A body and a line have at most this many bytes. */
export const maximumBytes = 1024 * 1024

/**
 * One line of a turn's answer.
 * - `Ping`: it lives. `Delta`: a piece of the message `id`, from `offset` in UTF-16 units.
 * - `Message`: the message is whole, and stored by the server.
 * - `Done`: the turn has ended, with what it used. Nothing comes after it.
 * - `Failed`: the turn was stopped at the server.
 */
export const Line = Schema.Union([
  Schema.TaggedStruct("Ping", {}),
  Schema.TaggedStruct("Delta", { id: S, offset: N, text: S }),
  Schema.TaggedStruct("Message", { id: S, text: S }),
  Schema.TaggedStruct("Done", { input: N, output: N }),
  Schema.TaggedStruct("Failed", { why: S })
])
export type Line = typeof Line.Type

/** The client asks for a turn. `text`: what the user wrote. */
export const Ask = Schema.Struct({ text: S })
/** The answer to a request that makes something: what the server calls it. */
export const Made = Schema.Struct({ ref: S })

/** The requests a fault can be switched on for. `turn`: the first ask; `again`: its repetition. */
export const Request = Schema.Literals(["provision", "open", "delete", "turn", "again", "cancel"])
export type Request = typeof Request.Type

/**
 * What goes wrong, with the next `times` requests of a kind.
 * - `Status`: it answers that, and does nothing.
 * - `Garbage`: it answers no JSON, and does nothing. `Hang`: it never answers, and does nothing.
 * - `Slow`: it waits `requestMs` first, and `deltaMs` more before each piece.
 * - `Cut`: it does what was asked, and drops the connection after `deltas` pieces.
 * - `Ends`: the same, but the answer ends as if it were whole.
 * - `Stall`: the same, but it keeps the connection and says nothing more. `Pings`: only pings.
 * - `Mangle`: after `deltas` pieces comes a line that is none. `Misquote`: a message is not its pieces.
 */
export const Fault = Schema.Union([
  Schema.TaggedStruct("Status", { status: N, retryAfterS: Schema.optional(N) }),
  Schema.TaggedStruct("Garbage", {}),
  Schema.TaggedStruct("Hang", {}),
  Schema.TaggedStruct("Slow", { requestMs: N, deltaMs: N }),
  Schema.TaggedStruct("Cut", { deltas: N }),
  Schema.TaggedStruct("Ends", { deltas: N }),
  Schema.TaggedStruct("Stall", { deltas: N }),
  Schema.TaggedStruct("Pings", { deltas: N }),
  Schema.TaggedStruct("Mangle", { deltas: N }),
  Schema.TaggedStruct("Misquote", {})
])
export type Fault = typeof Fault.Type

export const Faults = Schema.Array(Schema.Struct({ on: Request, fault: Fault, times: N }))
export type Faults = typeof Faults.Type

/** What a turn is at the server. `takes`: how often its text was begun. */
export const TurnReport = Schema.Struct({
  id: S,
  conversation: S,
  state: Schema.Literals(["running", "finished", "cancelled"]),
  takes: N,
  messages: Schema.Array(S)
})
export type TurnReport = typeof TurnReport.Type

/** What the server holds. `open`: requests that are being answered now. */
export const Report = Schema.Struct({
  open: N,
  requests: N,
  agents: Schema.Array(S),
  conversations: Schema.Array(S),
  turns: Schema.Array(TurnReport)
})
export type Report = typeof Report.Type
