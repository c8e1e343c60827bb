/** A backend that does what the message says, so that tests can hold, break and lengthen turns. */
import { AgentBackend, type Running } from "@atrium/core/backend/AgentBackend"
import { answer, textOf } from "@atrium/core/conversations/Message"
import { BackendError, type Reason } from "@atrium/core/errors"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/** Set by a test: why agents cannot be opened. */
export interface Script {
  readonly gate: Deferred.Deferred<void>
  refuseToOpen: Reason | undefined
  /** Runs that began. */
  runs: number
}

export const make = Effect.map(
  Deferred.make<void>(),
  (gate): Script => ({ gate, refuseToOpen: undefined, runs: 0 })
)

/**
 * - `hold`: waits for the gate, then answers.
 * - `break`: fails. `die`: dies. `no model`, `bad prompt`: fails as a vendor that finds or takes it not.
 * - `count n`: writes n pieces, one event-loop turn each, then stores them as one message.
 * - `flood n`: writes n pieces of 8 KiB.
 * - anything else: `echo: ` and what was said.
 */
export const layer = (script: Script) =>
  AgentBackend.layer(
    Effect.succeed({
      name: "scripted",
      agents: {
        provision: ({ agentId }) => Effect.succeed(agentId),
        open: (_, conversation) =>
          script.refuseToOpen === undefined
            ? Effect.succeed(conversation)
            : Effect.fail(BackendError.because(script.refuseToOpen)),
        delete: () => Effect.void
      },
      turns: {
        run: Effect.fnUntraced(function* (turn: Running) {
          script.runs += 1
          const said = textOf(turn.input)
          const id = `${turn.turn.id}-${turn.attempt}.1`
          if (said === "hold") yield* Deferred.await(script.gate)
          if (said === "break") {
            return yield* BackendError.because({ _tag: "Unreachable", host: "models.internal" })
          }
          if (said === "no model") {
            return yield* BackendError.because({ _tag: "NotFound", what: "model" })
          }
          if (said === "bad prompt") {
            return yield* BackendError.because({ _tag: "Rejected", field: "request", why: "No." })
          }
          if (said === "die") return yield* Effect.die(new Error("secret inside"))
          const [, verb, times] = /^(count|flood) (\d+)$/.exec(said) ?? []
          const pieces = Number(times ?? 0)
          let text = ""
          for (let n = 0; n < pieces; n++) {
            const piece = verb === "flood" ? "x".repeat(8192) : `${n} ${n % 3 === 0 ? "é🙂\n" : ""}`
            yield* turn.emit({
              _tag: "TextDelta",
              messageId: id,
              part: 0,
              offset: text.length,
              text: piece
            })
            text += piece
            if (verb === "count") yield* Effect.sleep(n % 5 === 0 ? 2 : 0)
            else yield* Effect.yieldNow
          }
          const told = pieces === 0 ? `echo: ${said}` : text
          yield* turn.commit([{ _tag: "MessageStored", message: answer(id, told) }], {
            stop: "answered"
          })
          return "answered" as const
        })
      }
    })
  )
