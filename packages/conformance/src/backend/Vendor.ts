/** What the kit may ask of the vendor behind a backend, to see how the backend bears it. */
import type { Reason } from "@atrium/core/errors"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/** A way in which a vendor fails, and the reason that a turn must then fail with. */
export interface Fault {
  readonly name: string
  readonly reason: Reason["_tag"]
  /** Makes the next turn fail so, and that one only. */
  readonly begin: Effect.Effect<void>
}

/**
 * A vendor that can be troubled: a server on loopback that its author brings.
 * - `slow`: from now on an answer comes in pieces and takes half a second or more.
 * - `held`: calls and connections that it holds for turns now.
 * - `agents`: agents that it has, in all.
 */
export class Vendor extends Context.Service<
  Vendor,
  {
    readonly slow: Effect.Effect<void>
    readonly faults: ReadonlyArray<Fault>
    readonly held: Effect.Effect<number>
    readonly agents: Effect.Effect<number>
  }
>()("@atrium/conformance/backend/Vendor") {}
