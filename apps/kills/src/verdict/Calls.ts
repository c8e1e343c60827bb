/** The calls of a turn: as its facts tell them, and as its messages hold them [TRN-7]. */
import type { Message } from "@atrium/core/conversations/Message"
import type { TurnFact } from "@atrium/core/turns/TurnFact"
import type { ShownTurn } from "../Shown.ts"

type Finished = Extract<TurnFact, { readonly _tag: "ToolFinished" }>

/** What became of each call, by its id. */
export const outcomesOf = ({ facts }: ShownTurn): ReadonlyMap<string, Finished["outcome"]> =>
  new Map(
    facts.flatMap((fact) =>
      fact._tag === "ToolFinished" ? [[fact.callId, fact.outcome] as const] : []
    )
  )

/** True of a turn that was ended from outside. */
const wasCancelled = ({ facts }: ShownTurn): boolean => {
  const end = facts.at(-1)
  return end?._tag === "TurnFinished" && end.stop === "cancelled"
}

const hasFailed = ({ facts }: ShownTurn): boolean => facts.at(-1)?._tag === "TurnFailed"

/**
 * True where nobody needs to know what a call came to: its turn was ended from outside, or a run died
 * that may have made it, and it is none that is made again.
 */
const mayBeUnknown = (turn: ShownTurn, name: string | undefined): boolean =>
  wasCancelled(turn) || (turn.died > 0 && (name === "pay" || hasFailed(turn)))

/** True where the step of a call may be lost: then its facts tell of it, and no message. */
const mayBeUntold = (turn: ShownTurn): boolean => wasCancelled(turn) || hasFailed(turn)

const twice = (ids: ReadonlyArray<string>): ReadonlyArray<string> =>
  ids.filter((id, i) => ids.indexOf(id) !== i)

const factProblems = (turn: ShownTurn): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const started: Array<string> = []
  const names = new Map<string, string>()
  const finished: Array<string> = []
  for (const fact of turn.facts) {
    if (fact._tag === "ToolStarted") {
      started.push(fact.callId)
      names.set(fact.callId, fact.name)
    }
    if (fact._tag !== "ToolFinished") continue
    const { callId, outcome } = fact
    finished.push(callId)
    if (outcome === "denied" ? started.includes(callId) : !started.includes(callId)) {
      wrong.push(
        `${callId} is told as ${outcome}, and ${started.includes(callId) ? "was" : "was not"} begun`
      )
    }
    if (outcome === "failed" || outcome === "timed-out")
      wrong.push(`${callId} is told as ${outcome}`)
    if (outcome === "unknown" && !mayBeUnknown(turn, names.get(callId))) {
      wrong.push(`${callId} is told as unknown, but nothing died`)
    }
  }
  for (const id of twice(started)) wrong.push(`${id} is told to begin twice`)
  for (const id of twice(finished)) wrong.push(`${id} is told to end twice`)
  for (const id of started) if (!finished.includes(id)) wrong.push(`${id} began and has no end`)
  return wrong
}

const messageProblems = (
  turn: ShownTurn,
  messages: ReadonlyArray<Message>
): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const outcomes = outcomesOf(turn)
  const told = new Set<string>()
  messages.forEach(({ parts }, i) => {
    const results = parts.flatMap((part) => (part._tag === "ToolResult" ? part : []))
    const calls = (messages[i - 1]?.parts ?? []).flatMap((part) =>
      part._tag === "ToolCall" ? part.callId : []
    )
    for (const { callId, failed } of results) {
      told.add(callId)
      const outcome = outcomes.get(callId)
      if (!calls.includes(callId)) wrong.push(`${callId} has a result without its call`)
      if (outcome === undefined) wrong.push(`${callId} has a result and no outcome`)
      else if (failed !== (outcome !== "done"))
        wrong.push(`${callId} is ${outcome}, told otherwise`)
    }
    for (const id of calls) {
      if (results.filter(({ callId }) => callId === id).length !== 1) {
        wrong.push(`${id} is a call without its one result`)
      }
    }
  })
  const last = messages.at(-1)?.parts ?? []
  if (last.some(({ _tag }) => _tag === "ToolCall")) wrong.push("ends with calls without results")
  for (const [callId, outcome] of outcomes) {
    if (!told.has(callId) && outcome !== "unknown" && !mayBeUntold(turn)) {
      wrong.push(`${callId} has no result to tell`)
    }
  }
  return wrong
}

export const callProblems = (
  turn: ShownTurn,
  messages: ReadonlyArray<Message>
): ReadonlyArray<string> =>
  [...factProblems(turn), ...messageProblems(turn, messages)].map(
    (what) => `turn ${turn.id}: ${what}`
  )
