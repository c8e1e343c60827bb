/** The answer that a turn's facts hold. */
import * as Effect from "effect/Effect"
import { type Message, textOf } from "../conversations/Message.ts"
import { TurnError } from "../errors.ts"
import type { TurnFact } from "./TurnFact.ts"
import type { Usage } from "./Usage.ts"

/** The answer of a turn that ended with text. */
export interface Answer {
  readonly text: string
  readonly message: Message
  readonly usage: Usage
}

/**
 * The newest text of the agent, also where tool calls came before it. A failed turn fails as it
 * did; one that ended without text fails with `NoAnswer`, one that waits with `Waiting`.
 */
export const answerOf = (facts: ReadonlyArray<TurnFact>): Effect.Effect<Answer, TurnError> => {
  const end = facts[facts.length - 1]
  if (end?._tag === "TurnFailed") {
    return Effect.fail(new TurnError({ reason: end.reason, message: end.message }))
  }
  if (end?._tag !== "TurnFinished") {
    const decided = new Set(
      facts.flatMap((fact) => (fact._tag === "ApprovalResolved" ? fact.callId : []))
    )
    const calls = facts.flatMap((fact) =>
      fact._tag === "ApprovalRequested" && !decided.has(fact.callId) ? fact.callId : []
    )
    return Effect.fail(TurnError.because({ _tag: "Waiting", calls }))
  }
  for (let i = facts.length - 1; i >= 0; i--) {
    const fact = facts[i]
    if (fact?._tag !== "MessageStored" || fact.message.role !== "assistant") continue
    const text = textOf(fact.message)
    if (text !== "") return Effect.succeed({ text, message: fact.message, usage: end.usage })
  }
  return Effect.fail(TurnError.because({ _tag: "NoAnswer", stop: end.stop }))
}
