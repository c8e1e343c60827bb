/** The world's log against what turns tell of their calls [TRN-7]. */
import { errandOf, isAct } from "../Errand.ts"
import type { Sent } from "../Script.ts"
import type { ShownTurn } from "../Shown.ts"
import type { Witness } from "../Witness.ts"
import type { Deed } from "../World.ts"
import { outcomesOf } from "./Calls.ts"

/** The ids of the calls that a turn has stored, by what they are for. */
const idsOf = (turn: ShownTurn): ReadonlyMap<string, string> =>
  new Map(
    turn.facts.flatMap((fact) =>
      fact._tag === "MessageStored"
        ? fact.message.parts.flatMap((part) =>
            part._tag === "ToolCall" && isWhat(part.input)
              ? [[part.input.what, part.callId] as const]
              : []
          )
        : []
    )
  )

const isWhat = (input: unknown): input is { readonly what: string } =>
  typeof input === "object" && input !== null && "what" in input && typeof input.what === "string"

const turnProblems = (
  turn: ShownTurn,
  { place, text }: Sent,
  done: ReadonlyMap<string, ReadonlyArray<Deed>>
): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const ids = idsOf(turn)
  const outcomes = outcomesOf(turn)
  for (const { name, what } of errandOf(text).calls) {
    if (!isAct(name)) continue
    const deeds = done.get(what) ?? []
    const id = ids.get(what)
    // What was never stored has the id that it ran under, if it ran.
    const outcome = outcomes.get(id ?? (deeds.at(-1)?.key ?? "").slice(turn.id.length + 1))
    const keys = new Set(deeds.map(({ key }) => key))
    if (name === "pay" && deeds.length > 1) wrong.push(`${what} was paid ${deeds.length} times`)
    if (name !== "look") {
      if (keys.size > 1) wrong.push(`${what} was done under ${[...keys].join(" and ")}`)
      if (id !== undefined && keys.size > 0 && !keys.has(`${turn.id}.${id}`)) {
        wrong.push(`${what} is told as ${id} and ran as ${[...keys].join()}`)
      }
      if (deeds.length > 0 && (outcome === undefined || outcome === "denied")) {
        wrong.push(`${what} ran and is told as ${outcome ?? "nothing"}`)
      }
    }
    if (outcome === "done" && deeds.length === 0)
      wrong.push(`${what} is told as done and never ran`)
    const strange = deeds.find(
      (deed) =>
        deed.act !== name ||
        deed.turnId !== turn.id ||
        deed.tenant !== place.tenant ||
        deed.user !== place.user
    )
    if (strange !== undefined) wrong.push(`${what} ran as ${JSON.stringify(strange)}`)
  }
  return wrong.map((what) => `turn ${turn.id}: ${what}`)
}

export const deedProblems = ({ deeds, promises, shown }: Witness): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const done = new Map<string, Array<Deed>>()
  const byKey = new Map<string, string>()
  for (const deed of deeds) {
    done.set(deed.what, [...(done.get(deed.what) ?? []), deed])
    // Who books keeps bookings by their keys: another one under the same would be taken for it.
    const other = byKey.get(deed.key)
    if (deed.act === "book") {
      if (other !== undefined && other !== deed.what) {
        wrong.push(`${other} and ${deed.what} are booked under one key, ${deed.key}`)
      }
      byKey.set(deed.key, deed.what)
    }
  }
  const known = new Set<string>()
  for (const turn of shown.flatMap((conversation) => conversation.turns)) {
    const sent = promises.get(turn.key ?? "")?.sent
    if (sent === undefined) continue
    known.add(turn.id)
    wrong.push(...turnProblems(turn, sent, done))
  }
  for (const { turnId, what } of deeds) {
    if (!known.has(turnId)) wrong.push(`${what} was done by a turn that nobody knows, ${turnId}`)
  }
  return wrong
}
