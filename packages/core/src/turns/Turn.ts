/** One input until the final answer. */
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ConversationId, TurnId } from "../ids.ts"

/**
 * What a send does while another turn of the conversation runs: wait in order of arrival, be
 * refused at once, or cancel the running one.
 */
export const OnBusy = Schema.Literals(["queue", "reject", "interrupt"])
export type OnBusy = typeof OnBusy.Type

/** Why a turn ended. */
export const StopReason = Schema.Literals([
  "answered",
  "cancelled",
  "max-steps",
  "budget",
  "time-limit",
  "refused"
])
export type StopReason = typeof StopReason.Type

/** `waiting`: for a person's decision; it then holds its place but no fiber and no connection. */
export type TurnState = "queued" | "running" | "waiting" | "finished" | "failed"

export interface Turn {
  readonly id: TurnId
  readonly conversationId: ConversationId
  readonly retryOf: Option.Option<TurnId>
  readonly state: TurnState
}

/** Longest text of one send, in UTF-16 units. */
export const maximumText = 100_000
/** Longest idempotency key of a send, in UTF-16 units. */
export const maximumKey = 64

/**
 * A send.
 * - `id`: the caller's key: the same key with the same text is answered from the first turn, no
 *   model is called and no limit is counted [TRN-3]. At most 64 characters.
 * - `retryOf`: the failed turn that this one tries anew.
 * - `onBusy`: overrides the template's.
 */
export interface Send {
  readonly conversation: ConversationId
  readonly text: string
  readonly id?: string
  readonly retryOf?: TurnId
  readonly onBusy?: OnBusy
}
