/** Faults of the remote server that are switched on for an ask, and the reasons they must end a turn with. */
import type { Reason } from "@atrium/core/errors"
import type * as RemoteServer from "@atrium/testing/RemoteServer"

interface Faulty {
  readonly fault: RemoteServer.Fault
  readonly reason: Reason["_tag"]
  /** Whether text was told before it failed. */
  readonly drafted: boolean
  /** Asks that it must spoil. Default 1. */
  readonly times?: number
}

const early = (reason: Reason["_tag"], fault: RemoteServer.Fault): Faulty => ({
  fault,
  reason,
  drafted: false
})
const late = (reason: Reason["_tag"], fault: RemoteServer.Fault): Faulty => ({
  fault,
  reason,
  drafted: true
})

export const faults: Readonly<Record<string, Faulty>> = {
  "500": early("Unreachable", { _tag: "Status", status: 500 }),
  "429": early("RateLimited", { _tag: "Status", status: 429, retryAfterS: 7 }),
  "401": early("Unauthenticated", { _tag: "Status", status: 401 }),
  "402": early("QuotaExceeded", { _tag: "Status", status: 402 }),
  "404": early("NotFound", { _tag: "Status", status: 404 }),
  // A conversation that is in the way is cleared and asked once more.
  "409": { ...early("Busy", { _tag: "Status", status: 409 }), times: 2 },
  "410": early("Gone", { _tag: "Status", status: 410 }),
  "418": early("Malformed", { _tag: "Status", status: 418 }),
  garbage: early("Malformed", { _tag: "Garbage" }),
  "a server that hangs": early("TimedOut", { _tag: "Hang" }),
  "a cut before the answer": early("Unreachable", { _tag: "Cut", deltas: 0 }),
  "a cut in mid-stream": late("Unreachable", { _tag: "Cut", deltas: 2 }),
  "an answer that just ends": late("Unreachable", { _tag: "Ends", deltas: 2 }),
  "silence in mid-stream": late("TimedOut", { _tag: "Stall", deltas: 2 }),
  "nothing but pings": late("TimedOut", { _tag: "Pings", deltas: 2 }),
  "garbage in mid-stream": late("Malformed", { _tag: "Mangle", deltas: 2 }),
  "a message unlike its pieces": late("Malformed", { _tag: "Misquote" })
}
