/** What is wrong with the end of a life, told from what the last house showed. */
import { type Message, textOf } from "@atrium/core/conversations/Message"
import { maximumRuns } from "@atrium/core/turns/RunTurn"
import { isEnd } from "@atrium/core/turns/TurnFact"
import * as Guests from "./Guests.ts"
import { answer, type Place, type Shown, type ShownTurn } from "./Script.ts"
import type { Witness } from "./Witness.ts"

const samePlace = (a: Place, b: Place): boolean =>
  a.tenant === b.tenant && a.user === b.user && a.key === b.key

const nameOf = ({ key, tenant, user }: Place): string => `${tenant}/${user}/${key}`

/** The messages a turn may have in its steps: whole ones, and at last a partial one if cancelled. */
const stepProblems = (turn: ShownTurn, text: string, messages: ReadonlyArray<Message>) => {
  const wrong: Array<string> = []
  messages.forEach((message, i) => {
    const step = i + 1
    const [, attempt] = /-(\d+)\.\d+$/.exec(message.id) ?? []
    const whole = answer(text, step, Number(attempt))
    const said = textOf(message)
    const last = step === messages.length
    if (message.role !== "assistant") wrong.push(`message ${step} is of role ${message.role}`)
    if (message.partial ? !last || !whole.startsWith(said) : said !== whole) {
      wrong.push(`message ${step} says "${said}" instead of "${whole}"`)
    }
  })
  return wrong.map((what) => `turn ${turn.id}: ${what}`)
}

/** How a turn ended: answered in all its steps, cancelled where somebody did, or crashed too often. */
const endProblems = (
  witness: Witness,
  steps: number,
  place: Place,
  turn: ShownTurn,
  messages: ReadonlyArray<Message>
): ReadonlyArray<string> => {
  const end = turn.facts.at(-1)
  const { maybe, sure } = witness.cancelOf(turn.id)
  const wrong: Array<string> = []
  if (end?._tag === "TurnFailed") {
    const crashed = end.reason._tag === "Crashed" && turn.attempt >= maximumRuns
    if (!crashed || witness.kills < maximumRuns) wrong.push(`failed: ${end.message}`)
  } else if (end?._tag !== "TurnFinished") wrong.push("has no end")
  else if (end.stop === "cancelled") {
    if (!maybe && !Guests.isImpatient(place)) wrong.push("was cancelled by nobody")
  } else {
    if (end.stop !== "answered") wrong.push(`stopped as ${end.stop}`)
    if (messages.length !== steps) wrong.push(`has ${messages.length} of ${steps} answers`)
    if (messages.some(({ partial }) => partial)) wrong.push("is answered, but in part only")
  }
  if (sure && !(end?._tag === "TurnFinished" && end.stop === "cancelled")) {
    wrong.push("was cancelled, and ended otherwise")
  }
  return wrong.map((what) => `turn ${turn.id} ${what}`)
}

/** A turn's row against its facts and messages [TRN-1]. */
const rowProblems = (turn: ShownTurn, messages: ReadonlyArray<Message>): ReadonlyArray<string> => {
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

const conversationProblems = (
  witness: Witness,
  steps: number,
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
    wrong.push(
      ...rowProblems(turn, own),
      ...stepProblems(turn, sent.text, answers),
      ...endProblems(witness, steps, place, turn, answers)
    )
  }
  return wrong
}

/** Everything that was promised and is not so at the end. */
export const problemsOf = (witness: Witness): ReadonlyArray<string> => {
  const { counted, promises, shown, steps, views } = witness
  const wrong = shown.flatMap((conversation) => conversationProblems(witness, steps, conversation))
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
