/** A turn that this process has taken on, from its begin to its last fact. */
import type * as Fiber from "effect/Fiber"
import type { Message } from "../conversations/Message.ts"
import type { ConversationRecord } from "../storage/ConversationStore.ts"
import type { TurnRecord } from "../storage/TurnStore.ts"
import type { Caller } from "../tenancy/Principal.ts"
import type { ToolCalled, ToolOutcome } from "../tools/ToolSpec.ts"
import type { LiveTurn } from "./LiveTurn.ts"

/**
 * Why a run was stopped from outside.
 * - `cancelled`: somebody cancelled it; its partial text is kept.
 * - `fenced`: another process writes the conversation now; nothing more is written here.
 * - `gone`: the conversation was deleted.
 * - `closing`: this process shuts down and hands the turn back.
 */
export type Stopped = "cancelled" | "fenced" | "gone" | "closing"

export interface TurnJob {
  /** Whose turn it is; its run acts as this caller. */
  readonly caller: Caller
  /** As it was when the lease was taken: its `fence` is the one this process writes under. */
  readonly conversation: ConversationRecord
  readonly input: Message
  readonly live: LiveTurn
  /** The turn's row as last committed. */
  turn: TurnRecord
  stopped: Stopped | undefined
  /** True when it waited behind another turn: it may have been cancelled or deleted meanwhile. */
  waited: boolean
  /** Calls whose intent an earlier run told and whose outcome nobody knows. */
  readonly inherited: ReadonlySet<string>
  /** The calls that this run has made, by their ids, and how those ended that have. */
  readonly calls: Map<string, ToolCalled>
  readonly outcomes: Map<string, ToolOutcome>
  fiber: Fiber.Fiber<void> | undefined
  /** Called once when this process is done with the turn. */
  readonly onDone: Set<() => void>
}
