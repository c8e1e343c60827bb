/** What rules about tools stand on: the tools of a rule, an agent with a script, and lives of both. */
import { AgentBackend, type AgentDriver } from "@atrium/core/backend/AgentBackend"
import type { Conversation } from "@atrium/core/conversations/Conversation"
import type { Part } from "@atrium/core/conversations/Message"
import { assert } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Opening } from "../pipeline/House.ts"
import { life } from "../pipeline/Lives.ts"
import { transcript } from "../pipeline/Steps.ts"
import * as Toolbox from "../pipeline/Toolbox.ts"
import type { BackendRule, Steps } from "./BackendRule.ts"
import { type Asked, Scripted, type ScriptedBackend } from "./Scripted.ts"

/** A rule's world. */
export interface World extends Omit<ScriptedBackend, "layer"> {
  readonly box: ReturnType<typeof Toolbox.make>
  /** Opens the backend and an app over it, lets ann do `steps`, and closes both. */
  readonly lived: <A>(
    steps: Steps<A>,
    opening?: Opening,
    change?: (driver: AgentDriver) => AgentDriver
  ) => Effect.Effect<A, unknown, Effect.Services<BackendRule["check"]>>
}

/** A call that the agent is to ask for. */
export const asks = (tool: string, n = 1): Asked => ({ tool, input: { n } })

/** A rule for backends that call tools. */
export const calling = (
  given: Omit<BackendRule, "check" | "applies">,
  check: (world: World) => Effect.Effect<void, unknown, Effect.Services<BackendRule["check"]>>
): BackendRule => ({
  ...given,
  applies: ({ tools }) => tools,
  check: Effect.suspend(() => {
    const box = Toolbox.make()
    return Effect.gen(function* () {
      const { layer, script, told } = yield* Effect.flatten(
        Effect.flatMap(Scripted, Effect.fromOption)
      )
      yield* check({
        box,
        script,
        told,
        lived: (steps, opening = {}, change = (driver) => driver) =>
          Effect.scoped(
            Effect.flatMap(Layer.build(Layer.fresh(layer)), (built) =>
              life(steps, {
                agents: Toolbox.withTools,
                ...opening,
                backend: change(Context.get(built, AgentBackend))
              })
            )
          )
      })
    }).pipe(Effect.scoped, box.provide)
  })
})

const isCall = (part: Part) => part._tag === "ToolCall"
const isResult = (part: Part) => part._tag === "ToolResult"

/** The calls and the results of some parts, by id, in order. */
export const paired = (parts: ReadonlyArray<Part>) => ({
  calls: parts.filter(isCall).map(({ callId }) => callId),
  results: parts.filter(isResult).map(({ callId }) => callId)
})

/** The results that a transcript holds; each call in it has its own. */
export const resultsIn = Effect.fnUntraced(function* (conversation: Conversation["id"]) {
  const parts = (yield* transcript(conversation)).flatMap((message) => message.parts)
  const { calls, results } = paired(parts)
  assert.deepStrictEqual(results, calls, "the calls and the results of the transcript")
  return parts.filter(isResult).map(({ failed, output }) => ({ failed, output }))
})
