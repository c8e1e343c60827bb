/** The decisions of persons: each as it was acknowledged, and none that nobody took. */
import type { ShownTurn } from "../Shown.ts"
import type { Witness } from "../Witness.ts"
import { outcomesOf } from "./Calls.ts"

export const approvalProblems = (
  { decisions, house }: Witness,
  turn: ShownTurn
): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const outcomes = outcomesOf(turn)
  const asked: Array<string> = []
  const resolved = new Map<string, boolean>()
  for (const fact of turn.facts) {
    if (fact._tag === "ApprovalRequested") {
      if (asked.includes(fact.callId)) wrong.push(`asks about ${fact.callId} twice`)
      if (!house.approvals || fact.name !== "pay") wrong.push(`asks about a ${fact.name}`)
      asked.push(fact.callId)
    } else if (fact._tag === "ApprovalResolved") {
      const { approved, callId } = fact
      if (!asked.includes(callId)) wrong.push(`was told of ${callId} without a question`)
      if (resolved.has(callId)) wrong.push(`was told of ${callId} twice`)
      if (decisions.get(`${turn.id} ${callId}`)?.announced.has(approved) !== true) {
        wrong.push(`has ${callId} ${approved ? "approved" : "denied"} by nobody`)
      }
      resolved.set(callId, approved)
    } else if (fact._tag === "ToolStarted" && fact.name === "pay" && house.approvals) {
      if (resolved.get(fact.callId) !== true) wrong.push(`begins ${fact.callId} without approval`)
    }
  }
  const end = turn.facts.at(-1)
  const isCancelled = end?._tag === "TurnFinished" && end.stop === "cancelled"
  for (const callId of asked) {
    const approved = resolved.get(callId)
    if (approved === undefined && !isCancelled) wrong.push(`went on without a word on ${callId}`)
    const outcome = outcomes.get(callId)
    if (outcome !== undefined && (outcome === "denied") !== (approved === false)) {
      wrong.push(`${callId} was ${approved ? "approved" : "denied"}, and is told as ${outcome}`)
    }
  }
  for (const [key, { acknowledged }] of decisions) {
    const [turnId, ...id] = key.split(" ")
    if (turnId !== turn.id || acknowledged === undefined) continue
    if (resolved.get(id.join(" ")) !== acknowledged) wrong.push(`forgot a decision on ${key}`)
  }
  return wrong.map((what) => `turn ${turn.id} ${what}`)
}
