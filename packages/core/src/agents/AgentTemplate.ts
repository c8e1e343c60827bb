/** What an agent is made from. Templates live in code and are live; blocks are copied. */
import type { OnBusy } from "../turns/Turn.ts"

/** Who a block, passage or agent belongs to. */
export type Owner = "agent" | "user" | "conversation" | "group" | "tenant"

/** A block that each new agent, user or conversation starts with. */
export interface BlockTemplate {
  readonly label: string
  /** May hold `{user.id}` and `{user.name}`; filled when the block is made. */
  readonly value: string
  readonly description?: string
  /** In characters (code points), 2,000 unless said otherwise. */
  readonly limit?: number
  /** Refused to the agent, open to the operator. */
  readonly readOnly?: boolean
  /** `agent` unless said otherwise; what is learned from a user of a shared agent is `user`. */
  readonly owner?: Owner
}

/**
 * A template.
 * - `model`: `provider/model`. `instructions`: operator text, the only text in the system message.
 * - `tools`: names of registered tools. `scopes`: narrows what its tools may do; absent: no narrowing.
 * - `window`: newest messages kept in the prompt, in tokens (8,000) or messages.
 * - `recall`: search past messages in every turn (off). `maxSteps`: model calls in a turn (10).
 * - `onBusy`: what a send does while a turn runs (`queue`).
 */
export interface AgentTemplate {
  readonly name: string
  readonly model: `${string}/${string}`
  readonly instructions?: string
  readonly tools?: ReadonlyArray<string>
  readonly scopes?: ReadonlyArray<string>
  readonly sources?: ReadonlyArray<string>
  readonly tags?: ReadonlyArray<string>
  readonly blocks: ReadonlyArray<BlockTemplate>
  readonly window?: { readonly tokens?: number; readonly messages?: number }
  readonly recall?: boolean
  readonly maxSteps?: number
  readonly onBusy?: OnBusy
}
