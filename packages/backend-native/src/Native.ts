/** Agents of our own: their state lies in the storage, and their turns run here over a language model. */
import { AgentBackend, type AgentDriver } from "@atrium/core/backend/AgentBackend"
import { BackendError, rejected, StorageError, type TurnError } from "@atrium/core/errors"
import { Storage } from "@atrium/core/storage/Storage"
import { Tools } from "@atrium/core/tools/Tools"
import { LanguageModel } from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { makeBlocks } from "./Blocks.ts"
import { makeLoop } from "./Loop.ts"
import { reserved } from "./OwnTools.ts"
import { limitsOf, type Options } from "./Settings.ts"

export type { Options } from "./Settings.ts"

/** Errors of the storage as a backend's: same reason, same message. */
const asBackendError = <A, E extends BackendError | TurnError, R>(
  self: Effect.Effect<A, E | StorageError, R>
): Effect.Effect<A, E | BackendError, R> =>
  Effect.mapError(self, (error) =>
    error instanceof StorageError ? BackendError.because(error.reason, error.message) : error
  )

/** Two tools of one name: a model could not tell them apart, and would be told the wrong one's result. */
const checkNames = (names: ReadonlyArray<string>): Effect.Effect<void, BackendError> => {
  const taken = names.find((name) => reserved.includes(name))
  return taken === undefined
    ? Effect.void
    : Effect.fail(
        BackendError.because(
          rejected(
            "tools",
            `The name of the tool "${taken}" is reserved for the agents' own tools. Rename yours.`
          )
        )
      )
}

/** The driver. Fails with `Rejected` where a tool that it is given has the name of an agent's own. */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<AgentDriver, BackendError, Storage | LanguageModel> {
  yield* checkNames((yield* Tools).list.map(({ name }) => name))
  const storage = yield* Storage
  const languageModel = yield* LanguageModel
  const run = makeLoop({ storage, languageModel, limits: limitsOf(options) })
  return {
    name: "native",
    agents: {
      provision: (agent, template) =>
        makeBlocks(storage, agent, template, [
          { owner: "agent", userId: Option.getOrNull(agent.owner), conversationId: null }
        ]).pipe(Effect.as(agent.agentId), asBackendError),
      open: (agent, conversation, template) => {
        const userId = Option.getOrNull(agent.scope.userId)
        // Blocks that no user owned would be everybody's.
        if (userId === null) return Effect.succeed(conversation)
        return storage
          .transact(
            Effect.gen(function* () {
              const { conversations } = storage.stores
              // Deleted meanwhile: what is made now would never be removed.
              const found = yield* conversations.find(agent.scope, conversation)
              yield* makeBlocks(storage, agent, template, [
                { owner: "user", userId, conversationId: null },
                ...(Option.isNone(found)
                  ? []
                  : [{ owner: "conversation", userId, conversationId: conversation } as const])
              ])
            })
          )
          .pipe(Effect.as(conversation), asBackendError)
      },
      // All that it keeps of an agent is in core's stores.
      delete: () => Effect.void
    },
    turns: {
      callsTools: true,
      run: (turn) =>
        checkNames(turn.tools.map(({ name }) => name)).pipe(
          Effect.andThen(run(turn)),
          asBackendError
        )
    }
  }
})

/**
 * The backend over the language model that is given. A model that serves several templates reads
 * `ModelHandle` (in core) at each call.
 */
export const layerWith = (
  options: Options
): Layer.Layer<AgentBackend, BackendError, Storage | LanguageModel> =>
  AgentBackend.layer(make(options))

/** The backend with its defaults: 120 s of silence, 3 tries. */
export const layer: Layer.Layer<AgentBackend, BackendError, Storage | LanguageModel> = layerWith({})
