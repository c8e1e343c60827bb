/** The backend of a kill test: it answers in several steps, each in pieces that take their time. */
import { AgentBackend, type Running } from "@atrium/core/backend/AgentBackend"
import { textOf } from "@atrium/core/conversations/Message"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { answer } from "./Script.ts"

/** Units of text in one piece. */
const pieceLength = 24

interface Options {
  readonly steps: number
  /** Begins anew after a crash, whatever was stored. */
  readonly amnesiac: boolean
}

/** After a crash it goes on behind the last stored step, under ids of its own. */
export const layer = ({ amnesiac, steps }: Options): Layer.Layer<AgentBackend> =>
  AgentBackend.layer(
    Effect.succeed({
      name: "teller",
      agents: {
        provision: ({ agentId }) => Effect.as(Effect.sleep(1), `teller-${agentId}`),
        open: (_, conversation) => Effect.as(Effect.sleep(1), conversation),
        delete: () => Effect.void
      },
      turns: {
        run: Effect.fnUntraced(function* (turn: Running) {
          const stored = turn.past.filter(({ _tag }) => _tag === "MessageStored").length
          for (let step = amnesiac ? 1 : stored + 1; step <= steps; step++) {
            const id = `${turn.turn.id}-${turn.attempt}.${step}`
            const text = answer(textOf(turn.input), step, turn.attempt)
            for (let offset = 0; offset < text.length; offset += pieceLength) {
              yield* Effect.sleep(offset % 3)
              const piece = text.slice(offset, offset + pieceLength)
              yield* turn.emit({ _tag: "TextDelta", messageId: id, part: 0, offset, text: piece })
            }
            yield* turn.commit(
              [
                {
                  _tag: "ModelCalled",
                  purpose: "chat",
                  model: "kills/teller",
                  usage: {
                    input: 1,
                    cached: 0,
                    output: text.length,
                    reasoning: 0,
                    microUsd: null
                  },
                  finish: "stop"
                },
                {
                  _tag: "MessageStored",
                  message: {
                    id,
                    role: "assistant",
                    parts: [{ _tag: "Text", text }],
                    turnId: turn.turn.id,
                    at: 0,
                    partial: false
                  }
                }
              ],
              step === steps ? { stop: "answered" } : {}
            )
          }
          return "answered" as const
        })
      }
    })
  )
