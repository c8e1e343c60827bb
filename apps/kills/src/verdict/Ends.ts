/** How turns may end: answered in all they should say, cancelled where somebody did, or crashed. */
import type { Message } from "@atrium/core/conversations/Message"
import { maximumRuns } from "@atrium/core/turns/RunTurn"
import * as Guests from "../Guests.ts"
import type { Place, ShownTurn } from "../Shown.ts"
import type { Witness } from "../Witness.ts"

/** `whole`: messages of a turn that is answered. */
export const endProblems = (
  witness: Witness,
  place: Place,
  turn: ShownTurn,
  messages: ReadonlyArray<Message>,
  whole: number
): ReadonlyArray<string> => {
  const end = turn.facts.at(-1)
  const { maybe, sure } = witness.cancelOf(turn.id)
  const wrong: Array<string> = []
  if (end?._tag === "TurnFailed") {
    const crashed = end.reason._tag === "Crashed" && turn.died >= maximumRuns
    if (!crashed || witness.kills < maximumRuns) wrong.push(`failed: ${end.message}`)
  } else if (end?._tag !== "TurnFinished") wrong.push("has no end")
  else if (end.stop === "cancelled") {
    if (!maybe && !Guests.isImpatient(place)) wrong.push("was cancelled by nobody")
  } else {
    if (end.stop !== "answered") wrong.push(`stopped as ${end.stop}`)
    if (messages.length !== whole) wrong.push(`has ${messages.length} of ${whole} answers`)
    if (messages.some(({ partial }) => partial)) wrong.push("is answered, but in part only")
  }
  if (sure && !(end?._tag === "TurnFinished" && end.stop === "cancelled")) {
    wrong.push("was cancelled, and ended otherwise")
  }
  return wrong.map((what) => `turn ${turn.id} ${what}`)
}
