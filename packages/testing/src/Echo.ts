/** The smallest whole backend: it says what it was told, in pieces, without a model. */
import { AgentBackend, type Running } from "@atrium/core/backend/AgentBackend"
import { answer, textOf } from "@atrium/core/conversations/Message"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"

/** Units of text in one delta. */
const pieceLength = 12

/** Answers every turn with `echo: ` and the text it was sent, in one step. */
export const layer: Layer.Layer<AgentBackend> = AgentBackend.layer(
  Effect.succeed({
    name: "echo",
    agents: {
      provision: ({ agentId }) => Effect.succeed(`echo-${agentId}`),
      open: (_, conversation) => Effect.succeed(conversation),
      delete: () => Effect.void
    },
    turns: {
      run: Effect.fnUntraced(function* (turn: Running) {
        const text = `echo: ${textOf(turn.input)}`
        const id = `${turn.turn.id}-${turn.attempt}.1`
        for (let offset = 0; offset < text.length; offset += pieceLength) {
          const piece = text.slice(offset, offset + pieceLength)
          yield* turn.emit({ _tag: "TextDelta", messageId: id, part: 0, offset, text: piece })
        }
        yield* turn.commit([{ _tag: "MessageStored", message: answer(id, text) }], {
          stop: "answered"
        })
        return "answered" as const
      })
    }
  })
)
