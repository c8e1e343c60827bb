/** The marks that turns leave: once where a turn tells of it, else not at all [MEM-3, MEM-5]. */
import { errandOf, label } from "../Errand.ts"
import type { Remembered, ShownTurn } from "../Shown.ts"
import type { Witness } from "../Witness.ts"
import { outcomesOf } from "./Calls.ts"

type Block = Remembered["blocks"][number]

/** A history begins with nothing, and each revision adds one line. */
const historyProblems = ({ history, revision, value }: Block): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  if (history.length !== revision || history.some((one, i) => one.revision !== i + 1)) {
    wrong.push(`has ${history.length} of ${revision} revisions`)
  }
  if (history.at(-1)?.value !== value) wrong.push("has a newest revision that is not its value")
  history.forEach(({ turnId, value: made }, i) => {
    const before = history[i - 1]?.value
    const isOne =
      before === undefined
        ? made === "" && turnId === null
        : made.startsWith(before === "" ? "" : `${before}\n`) &&
          made.split("\n").length === (before === "" ? 1 : before.split("\n").length + 1)
    if (!isOne) wrong.push(`goes from "${before ?? ""}" to "${made}" in revision ${i + 1}`)
  })
  return wrong
}

/** What a turn was to remember by a tool, and whether it tells that it did. */
const marksOf = (turn: ShownTurn, text: string, tool: string): ReadonlyArray<string> => {
  const outcomes = outcomesOf(turn)
  const wanted = errandOf(text).calls
  return turn.facts.flatMap((fact) => {
    if (fact._tag !== "MessageStored") return []
    return fact.message.parts.flatMap((part, i) => {
      if (part._tag !== "ToolCall" || part.name !== tool) return []
      const before = fact.message.parts.slice(0, i).filter(({ _tag }) => _tag === "ToolCall").length
      return outcomes.get(part.callId) === "done" ? (wanted[before]?.what ?? []) : []
    })
  })
}

const compare = (
  where: string,
  held: ReadonlyArray<string>,
  told: ReadonlyArray<string>
): ReadonlyArray<string> => [
  ...told
    .filter((mark) => !held.includes(mark))
    .map((mark) => `${where} lacks the mark ${mark}, which its turn tells`),
  ...held
    .filter((mark) => !told.includes(mark))
    .map((mark) => `${where} holds the mark ${mark}, which no turn tells`),
  ...held
    .filter((mark, i) => held.indexOf(mark) !== i)
    .map((mark) => `${where} holds the mark ${mark} twice`)
]

const userProblems = (
  { blocks, passages, tenant, user }: Remembered,
  turns: ReadonlyArray<{ readonly turn: ShownTurn; readonly text: string }>
): ReadonlyArray<string> => {
  const name = `the memory of ${tenant}/${user}`
  const [block] = blocks
  if (block === undefined || blocks.length > 1) return [`${name} has ${blocks.length} blocks`]
  const told = (tool: string) => turns.flatMap(({ text, turn }) => marksOf(turn, text, tool))
  const edits = turns.flatMap(({ turn }) =>
    turn.facts.flatMap((fact) =>
      fact._tag === "BlockEdited" ? `${fact.blockId} ${fact.revision} ${turn.id}` : []
    )
  )
  const revisions = block.history
    .filter(({ turnId }) => turnId !== null)
    .map(({ revision, turnId }) => `${block.id} ${revision} ${turnId}`)
  return [
    ...historyProblems(block).map((what) => `${name}: ${label} ${what}`),
    ...compare(`${name}: ${label}`, block.value.split("\n").filter(Boolean), told("memory_append")),
    ...compare(`${name}: passages`, passages, told("passage_insert")),
    ...compare(`${name}: history`, revisions, edits)
  ]
}

export const memoryProblems = ({
  house,
  promises,
  remembered,
  shown
}: Witness): ReadonlyArray<string> => {
  if (house.backend === "teller") return []
  return [...remembered.values()].flatMap((one) =>
    userProblems(
      one,
      shown
        .filter(({ place }) => place.tenant === one.tenant && place.user === one.user)
        .flatMap(({ turns }) => turns)
        .map((turn) => ({ turn, text: promises.get(turn.key ?? "")?.sent.text ?? "" }))
    )
  )
}
