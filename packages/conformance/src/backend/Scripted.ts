/** What the kit asks of a backend that calls tools: an agent that does what a rule says. */
import type { AgentBackend } from "@atrium/core/backend/AgentBackend"
import type { Storage } from "@atrium/core/storage/Storage"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

/** A call that the agent is to ask for; its id is the backend's to give. */
export interface Asked {
  readonly tool: string
  readonly input: Schema.JsonObject
}

/** What the agent answers when it is asked once: the calls of one step, or a text that ends the turn. */
export type Line = string | ReadonlyArray<Asked>

/** A result as the agent was told it. */
export interface Result {
  readonly tool: string
  readonly output: Schema.Json
  readonly failed: boolean
}

/**
 * A backend whose agent follows a script.
 * - `layer`: the backend; built anew each time that a rule opens it again, over the same agent.
 * - `script`: what the agent answers next, a line each time that it is asked.
 * - `told`: the results of calls in what the agent was shown when it was asked last, in order.
 */
export interface ScriptedBackend {
  readonly layer: Layer.Layer<AgentBackend, unknown, Storage>
  readonly script: (...lines: ReadonlyArray<Line>) => Effect.Effect<void>
  readonly told: Effect.Effect<ReadonlyArray<Result>>
}

/** Such a backend, made once a rule; `None` where the one to be proven calls no tools. */
export class Scripted extends Context.Service<
  Scripted,
  Option.Option<Effect.Effect<ScriptedBackend, unknown, Scope.Scope>>
>()("@atrium/conformance/backend/Scripted") {}
