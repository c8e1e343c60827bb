/** A turn's row against its facts and messages [TRN-1]. */
import type { Message } from "@atrium/core/conversations/Message"
import { isEnd } from "@atrium/core/turns/TurnFact"
import type { ShownTurn } from "../Shown.ts"

export const rowProblems = (
  turn: ShownTurn,
  messages: ReadonlyArray<Message>
): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const output = turn.facts.reduce(
    (sum, fact) => sum + (fact._tag === "ModelCalled" ? fact.usage.output : 0),
    0
  )
  const stored = turn.facts.flatMap((fact) =>
    fact._tag === "MessageStored" ? fact.message.id : []
  )
  if (!turn.ended) wrong.push("has not ended")
  if (turn.facts[0]?._tag !== "TurnStarted") wrong.push("does not begin with TurnStarted")
  if (turn.facts.filter(isEnd).length !== 1) wrong.push("does not have one end")
  if (turn.facts.some(({ sequence }, i) => sequence !== i + 1)) wrong.push("has a gap in its facts")
  if (turn.sequence !== turn.facts.length) wrong.push(`counts ${turn.sequence} facts`)
  if (turn.stored !== messages.length) wrong.push(`counts ${turn.stored} messages`)
  if (turn.usage.output !== output) wrong.push(`used ${turn.usage.output} instead of ${output}`)
  if (
    stored.join() !==
    messages
      .slice(1)
      .map(({ id }) => id)
      .join()
  ) {
    wrong.push("tells other messages than the transcript has")
  }
  return wrong.map((what) => `turn ${turn.id} ${what}`)
}
