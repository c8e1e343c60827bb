/** A backend on strings: it does what a rule's script says, and remembers what it was asked. */
import type { AgentDriver, Running } from "@atrium/core/backend/AgentBackend"
import {
  assistantMessage,
  type Part,
  textOf,
  toolMessage
} from "@atrium/core/conversations/Message"
import type { BackendError, TurnError } from "@atrium/core/errors"
import type { ToolCalled } from "@atrium/core/tools/ToolSpec"
import type { StopReason } from "@atrium/core/turns/Turn"
import type { NewDelta } from "@atrium/core/turns/TurnDelta"
import type { Told } from "@atrium/core/turns/TurnFact"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** What a run does; it stops as "answered" unless it says otherwise. */
export type Script = (
  turn: Running
) => Effect.Effect<StopReason | "waiting" | undefined, BackendError | TurnError, Scope.Scope>

export interface Puppet {
  readonly driver: AgentDriver
  /** Every run that was begun, in order. */
  readonly runs: Array<Running>
  /** Ids of agents that were provisioned, and of conversations that were opened, in order. */
  readonly provisioned: Array<string>
  readonly opened: Array<string>
  readonly deleted: Array<string>
}

/** A backend whose runs follow `script`. */
export const make = (script: Script = echo): Puppet => {
  const puppet = {
    runs: [] as Running[],
    provisioned: [] as string[],
    opened: [] as string[],
    deleted: [] as string[]
  }
  return {
    ...puppet,
    driver: {
      name: "puppet",
      agents: {
        provision: ({ agentId }) =>
          Effect.sync(() => {
            puppet.provisioned.push(agentId)
            return `puppet-${agentId}`
          }),
        open: (_, conversation) =>
          Effect.sync(() => {
            puppet.opened.push(conversation)
            return `thread-${conversation}`
          }),
        delete: ({ agentId }) => Effect.sync(() => void puppet.deleted.push(agentId))
      },
      turns: {
        callsTools: true,
        run: (turn) =>
          Effect.suspend(() => {
            puppet.runs.push(turn)
            return Effect.map(script(turn), (stop) => stop ?? "answered")
          })
      }
    }
  }
}

/** The id of the `n`th message of a run. */
export const messageId = ({ attempt, turn }: Running, n = 1): string => `${turn.id}-${attempt}.${n}`

/** A piece of a text to come. */
export const piece = (
  id: string,
  offset: number,
  text: string,
  part = 0
): Extract<NewDelta, { _tag: "TextDelta" }> => ({
  _tag: "TextDelta",
  messageId: id,
  part,
  offset,
  text
})

/** A message of the agent, of these parts. */
export const storedParts = (
  id: string,
  parts: ReadonlyArray<Part>
): Extract<Told, { _tag: "MessageStored" }> => ({
  _tag: "MessageStored",
  message: assistantMessage(id, parts)
})

/** A message of the agent, of one text. */
export const stored = (id: string, text: string) => storedParts(id, [{ _tag: "Text", text }])

/** A model call that used `output` tokens. */
export const called = (output: number): Extract<Told, { _tag: "ModelCalled" }> => ({
  _tag: "ModelCalled",
  purpose: "chat",
  model: "test/scripted",
  finish: "stop",
  usage: { input: 1, cached: 0, output, reasoning: 0, microUsd: null }
})

/** Streams `text` in pieces of `length` units. */
export const write = (
  turn: Running,
  id: string,
  text: string,
  length = 4,
  part = 0
): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let offset = 0; offset < text.length; offset += length) {
      yield* turn.emit(piece(id, offset, text.slice(offset, offset + length), part))
    }
  })

/** Streams and stores an answer, and ends the turn in the same commit. */
export const say = (turn: Running, text: string): Effect.Effect<undefined, TurnError> =>
  Effect.gen(function* () {
    yield* write(turn, messageId(turn), text)
    yield* turn.commit([called(1), stored(messageId(turn), text)], { stop: "answered" })
    return undefined
  })

/** Calls tools as one step; stores calls, results and `text` together, and ends the turn. */
export const callThenSay = (
  turn: Running,
  calls: ReadonlyArray<ToolCalled>,
  text: string,
  foreign = false
): Effect.Effect<"waiting" | undefined, TurnError> =>
  Effect.gen(function* () {
    const outcomes = yield* turn.callTools(calls, { foreign, draft: { calls: calls.length } })
    if (outcomes === "waiting") return "waiting"
    yield* turn.commit(
      [
        called(1),
        storedParts(
          messageId(turn, 1),
          calls.map((call) => ({ _tag: "ToolCall", ...call }))
        ),
        { _tag: "MessageStored", message: toolMessage(messageId(turn, 2), outcomes) },
        stored(messageId(turn, 3), text)
      ],
      { stop: "answered" }
    )
    return undefined
  })

/** What was sent. */
export const heard = (turn: Running): string => textOf(turn.input)

/** Answers `re: ` and what was sent. */
export const echo: Script = (turn) => say(turn, `re: ${heard(turn)}`)
