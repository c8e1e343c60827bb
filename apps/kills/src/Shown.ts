/** What the last house shows of all it has. */
import { Message } from "@atrium/core/conversations/Message"
import { TurnFact } from "@atrium/core/turns/TurnFact"
import { Usage } from "@atrium/core/turns/Usage"
import * as Schema from "effect/Schema"

const S = Schema.String
const N = Schema.Int

/** Whose conversation, and under which key. */
export const Place = Schema.Struct({ tenant: S, user: S, key: S })
export type Place = typeof Place.Type

/** A turn as the storage shows it at the end. `died`: runs of it that a kill ended. */
export const ShownTurn = Schema.Struct({
  id: S,
  position: N,
  key: Schema.NullOr(S),
  sequence: N,
  stored: N,
  attempt: N,
  died: N,
  ended: Schema.Boolean,
  usage: Usage,
  facts: Schema.Array(TurnFact)
})
export type ShownTurn = typeof ShownTurn.Type

/** A conversation. */
export const Shown = Schema.TaggedStruct("Shown", {
  place: Place,
  position: N,
  unended: N,
  length: N,
  messages: Schema.Array(Message),
  turns: Schema.Array(ShownTurn)
})
export type Shown = typeof Shown.Type

/** A user's and a tenant's meter. */
export const Counted = Schema.TaggedStruct("Counted", {
  tenant: S,
  user: S,
  used: N,
  tenantUsed: N
})
export type Counted = typeof Counted.Type

/** What the ledger has of a user. */
export const Billed = Schema.TaggedStruct("Billed", {
  tenant: S,
  user: S,
  total: Schema.Struct({ turns: N, messages: N, calls: N, usage: Usage }),
  calls: Schema.Array(Schema.Struct({ turnId: S, sequence: N, model: S, usage: Usage }))
})
export type Billed = typeof Billed.Type

/** A user's memory: blocks with their histories, oldest revision first, and passages. */
export const Remembered = Schema.TaggedStruct("Remembered", {
  tenant: S,
  user: S,
  blocks: Schema.Array(
    Schema.Struct({
      id: S,
      revision: N,
      value: S,
      history: Schema.Array(Schema.Struct({ revision: N, value: S, turnId: Schema.NullOr(S) }))
    })
  ),
  passages: Schema.Array(S)
})
export type Remembered = typeof Remembered.Type
