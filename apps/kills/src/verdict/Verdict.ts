/** What is wrong with the end of a life, told from what the last house showed. */
import { textOf } from "@atrium/core/conversations/Message"
import type { Place, Shown } from "../Shown.ts"
import type { Witness } from "../Witness.ts"
import { approvalProblems } from "./Approvals.ts"
import { billProblems } from "./Bills.ts"
import { callProblems } from "./Calls.ts"
import { deedProblems } from "./Deeds.ts"
import { endProblems } from "./Ends.ts"
import { memoryProblems } from "./Remembering.ts"
import { rowProblems } from "./Rows.ts"
import { byNative, byTeller, wholeOf } from "./Told.ts"

const samePlace = (a: Place, b: Place): boolean =>
  a.tenant === b.tenant && a.user === b.user && a.key === b.key

const nameOf = ({ key, tenant, user }: Place): string => `${tenant}/${user}/${key}`

const conversationProblems = (
  witness: Witness,
  { length, messages, place, position, turns, unended }: Shown
): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const name = nameOf(place)
  if (unended !== 0) wrong.push(`${name} counts ${unended} unended turns`)
  if (length !== messages.length) wrong.push(`${name} counts ${length}, has ${messages.length}`)
  if (new Set(messages.map(({ id }) => id)).size !== messages.length) {
    wrong.push(`${name} has a message twice`)
  }
  const positions = turns.map((turn) => turn.position)
  if (positions.length !== position || positions.some((at, i) => at !== i + 1)) {
    wrong.push(`${name} is at ${position}, its turns are at ${positions.join(", ")}`)
  }
  for (const turn of turns) {
    const own = messages.filter(({ turnId }) => turnId === turn.id)
    const [input, ...answers] = own
    const first = messages.findIndex(({ turnId }) => turnId === turn.id)
    if (messages.slice(first, first + own.length).some(({ turnId }) => turnId !== turn.id)) {
      wrong.push(`turn ${turn.id} is mixed with another`)
    }
    const promise = witness.promises.get(turn.key ?? "")
    if (promise === undefined || !samePlace(promise.sent.place, place)) {
      wrong.push(`turn ${turn.id} in ${name} was sent by nobody there`)
      continue
    }
    const { sent, turnId } = promise
    if (turnId !== turn.id) wrong.push(`${sent.id} was accepted as ${turnId}, and is ${turn.id}`)
    if (input?.role !== "user" || textOf(input) !== sent.text) {
      wrong.push(`turn ${turn.id} does not begin with what was sent`)
    }
    const isNative = witness.house.backend === "native"
    const whole = isNative ? wholeOf(sent.text) : witness.house.steps
    const told = isNative ? byNative(sent.text, answers) : byTeller(sent.text, answers)
    wrong.push(
      ...rowProblems(turn, own),
      ...told.map((what) => `turn ${turn.id}: ${what}`),
      ...endProblems(witness, place, turn, answers, whole),
      ...callProblems(turn, answers),
      ...approvalProblems(witness, turn)
    )
  }
  return wrong
}

/** Everything that was promised and is not so at the end. */
const problemsOf = (witness: Witness): ReadonlyArray<string> => {
  const { counted, promises, shown, views } = witness
  const wrong = [
    ...shown.flatMap((conversation) => conversationProblems(witness, conversation)),
    ...deedProblems(witness),
    ...memoryProblems(witness),
    ...billProblems(witness)
  ]
  const turns = new Map(shown.flatMap((s) => s.turns.map((turn) => [turn.id, turn] as const)))
  const keys = shown.flatMap((s) => s.turns.map(({ key }) => key))
  for (const { refused, sent, turnId } of promises.values()) {
    const times = keys.filter((key) => key === sent.id).length
    if (times !== (turnId === undefined ? 0 : 1)) wrong.push(`${sent.id} is there ${times} times`)
    if (turnId === undefined && !refused) wrong.push(`${sent.id} was never answered`)
    if (turnId === undefined && sent.id.includes("-last-")) {
      wrong.push(`${nameOf(sent.place)} does not take a new turn`)
    }
  }
  for (const [key, view] of views) {
    const turn = turns.get(key.split(" ")[0] ?? "")
    if (turn === undefined) wrong.push(`${key}: the turn is gone`)
    else {
      const before = view.wrong.length
      view.compare(turn.facts)
      wrong.push(...view.wrong.slice(before))
    }
  }
  for (const { tenant, tenantUsed, used, user } of counted.values()) {
    const of = shown.filter(({ place }) => place.tenant === tenant)
    const own = of.filter(({ place }) => place.user === user)
    const count = (all: ReadonlyArray<Shown>) => all.reduce((sum, s) => sum + s.turns.length, 0)
    if (used !== count(own)) wrong.push(`${tenant}/${user} has ${count(own)} turns, ${used} count`)
    if (tenantUsed !== count(of))
      wrong.push(`${tenant} has ${count(of)} turns, ${tenantUsed} count`)
  }
  return wrong
}

/** Everything that was promised and not kept. Complete only after the last house has settled. */
export const verdictOf = (witness: Witness): ReadonlyArray<string> => {
  const read = [...witness.views.values()].flatMap(({ wrong }) => wrong)
  return [...witness.wrong, ...read, ...(witness.settled ? problemsOf(witness) : [])]
}
