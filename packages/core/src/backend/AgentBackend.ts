/**
 * The seam is the agent: a backend owns an agent's state and runs its turns; core owns tenancy, the
 * transcript, order, limits and replay. An author writes a driver; an absent facet is an absent
 * capability, refused by core with a typed, permanent error [ADP-1].
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { AgentTemplate } from "../agents/AgentTemplate.ts"
import type { Message } from "../conversations/Message.ts"
import type { BackendError, StorageError, TurnError } from "../errors.ts"
import type { AgentId, ConversationId, UserId } from "../ids.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import type { User } from "../tenancy/User.ts"
import type { ToolCalled, ToolOutcome, ToolSpec } from "../tools/ToolSpec.ts"
import type { StopReason, Turn } from "../turns/Turn.ts"
import type { NewDelta } from "../turns/TurnDelta.ts"
import type { Told, TurnFact } from "../turns/TurnFact.ts"

/**
 * An agent the backend may not know yet. `owner`: the user it is made for; `None` for one that the
 * users of the tenant share, which must keep apart what it learns of each.
 */
export interface Unbound {
  readonly scope: TenantScope
  readonly agentId: AgentId
  readonly owner: Option.Option<UserId>
}

/** An agent by what the backend called it when it was provisioned. */
export interface AgentRef extends Unbound {
  readonly ref: string
}

/** What else a commit does. */
export interface CommitOptions {
  /** Ends the turn in the same transaction; nothing may be committed after it. */
  readonly stop?: StopReason
  /** The backend's own writes to the same storage, in the same transaction. */
  readonly writes?: Effect.Effect<void, StorageError>
}

/** What core needs to know of a step whose tools are called. */
export interface ToolStep {
  /** True once the turn has read a document or a tool's result: destructive tools then ask first. */
  readonly foreign: boolean
  /**
   * What the backend needs to go on with this step in another run: what the model said, and its calls.
   * Kept in the commit that asks for approval or tells the intents; given back as `Running.draft`.
   */
  readonly draft: Schema.Json
}

/**
 * A turn as a driver runs it.
 * - `input`: the user's message; `user`: whom a shared agent may see, by the binding's policy.
 * - `past`: facts of this turn from a run that died or waited; empty in a first run.
 * - `draft`: the step that such a run had begun, if it called tools; gone with the next commit.
 * - `tools`: the app's tools that the template names.
 * - `callTools`: runs the calls of one step, all together, and answers their outcomes in the order of
 *   the calls; core tells `ToolStarted` and `ToolFinished`, and the driver stores calls and results
 *   together in its next commit. Where a person has to approve first it answers "waiting", and the run
 *   ends with that; it is run again once that is decided. After a crash call it again with the same
 *   calls: what may have run is dealt with as its `retry` says [TRN-7]. An id stands for one call, name
 *   and input, in the whole turn: another one under it, or a second time, is refused as `Malformed`.
 * - `attempt`: runs of this turn that died before this one. Ids of messages must differ by it where
 *   their texts may.
 * - `emit`: streams a piece of a message to come; never blocks, never fails.
 * - `commit`: stores facts in one fenced transaction, then streams them. `MessageStored` of a
 *   message whose deltas were emitted must carry exactly their text [TRN-2]. When the turn was
 *   cancelled, deleted or taken over, it stops the run instead of returning.
 * - `abandoned`: asked when a run was interrupted. True when the turn was cancelled or deleted, so a
 *   vendor that works on by itself must be told to stop; false at a shutdown or when another process
 *   has taken over, where stopping the vendor would break the run that comes next [TRN-7].
 */
export interface Running extends AgentRef {
  readonly turn: Turn
  readonly conversationRef: string
  readonly position: number
  readonly input: Message
  readonly template: AgentTemplate
  readonly user: Option.Option<User>
  readonly past: ReadonlyArray<TurnFact>
  readonly attempt: number
  readonly draft: Option.Option<Schema.Json>
  readonly tools: ReadonlyArray<ToolSpec>
  readonly callTools: (
    calls: ReadonlyArray<ToolCalled>,
    step: ToolStep
  ) => Effect.Effect<ReadonlyArray<ToolOutcome> | "waiting", TurnError>
  readonly emit: (delta: NewDelta) => Effect.Effect<void>
  readonly commit: (
    facts: ReadonlyArray<Told>,
    options?: CommitOptions
  ) => Effect.Effect<void, TurnError>
  readonly abandoned: Effect.Effect<boolean>
}

/** What the author of a backend writes. */
export interface AgentDriver {
  readonly name: string
  readonly agents: {
    /**
     * Makes the agent and answers what the backend calls it. Called again for the same agent after
     * a crash: adopt what is there, never make a second one [TEN-1].
     */
    readonly provision: (
      agent: Unbound,
      template: AgentTemplate
    ) => Effect.Effect<string, BackendError>
    /**
     * Opens a conversation of the scope's user and answers what the backend calls it; again the same
     * when repeated.
     */
    readonly open: (
      agent: AgentRef,
      conversation: ConversationId,
      template: AgentTemplate
    ) => Effect.Effect<string, BackendError>
    /**
     * Removes the agent and what is kept of it elsewhere than in core's stores, which core clears
     * itself; fine when it is not there.
     */
    readonly delete: (agent: AgentRef) => Effect.Effect<void, BackendError>
  }
  readonly turns: {
    /**
     * Whether its runs call the app's tools; false unless said otherwise. Over a backend that does not,
     * an app with a template that names tools is refused with `Unsupported` when it is opened [ADP-1].
     */
    readonly callsTools?: boolean
    /**
     * Runs a turn to its end and answers why it stopped, or "waiting" after `callTools` did. The scope is closed when the run ends,
     * however it ends; interruption must free what was held [ADP-3].
     */
    readonly run: (
      turn: Running
    ) => Effect.Effect<StopReason | "waiting", BackendError | TurnError, Scope.Scope>
  }
}

export class AgentBackend extends Context.Service<AgentBackend, AgentDriver>()(
  "@atrium/core/backend/AgentBackend"
) {
  /** The backend that a driver makes. */
  static readonly layer = <E, R>(
    driver: Effect.Effect<AgentDriver, E, R>
  ): Layer.Layer<AgentBackend, E, Exclude<R, Scope.Scope>> => Layer.effect(AgentBackend, driver)
}
