/** What a reader of a turn gets: facts, which are stored, and deltas, which are only streamed. */
import type { TurnDelta } from "./TurnDelta.ts"
import type { TurnFact } from "./TurnFact.ts"

/** What a reader of a turn gets. */
export type TurnEvent = TurnFact | TurnDelta

/** True for a fact, false for a delta: only deltas name the message they belong to. */
export const isFact = (event: TurnEvent): event is TurnFact => !("messageId" in event)
