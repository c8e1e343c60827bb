/**
 * `pnpm kills [count]`: kills a running house that often, and fails when anything that it had
 * acknowledged is lost or doubled. ATRIUM_SEED chooses the moments; the seed that was used is printed.
 */
import { parseArgs } from "node:util"
import { live, type Plan } from "./Life.ts"
import { Mutant } from "./Script.ts"
import { add, nothing } from "./Tally.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    storage: { type: "string", default: "sqlite" },
    mutant: { type: "string", default: "" },
    only: { type: "string", default: "" }
  }
})

const count = Number(positionals[0] ?? 20)
if (!Number.isInteger(count) || count < 1) {
  throw new Error(`Say how many kills, as in "pnpm kills 20", not ${positionals[0]}.`)
}
const seed = Number(process.env["ATRIUM_SEED"] ?? Date.now() % 1_000_000)
if (!Number.isInteger(seed) || seed < 0) throw new Error("ATRIUM_SEED is a whole number from 0.")
const storage = values.storage === "sqlite" ? "sqlite" : "key-value"
const mutant = Mutant.literals.find((name) => name === values.mutant) ?? null

/** Kills of one file: enough that a turn may die more often than it is tried again. */
const killsOfALife = 5

/** One turn at a time and twenty; a teller of one step and of several, tools and memory, approvals. */
const kinds: ReadonlyArray<Pick<Plan, "inFlight" | "steps" | "backend" | "approvals">> = [
  { backend: "teller", approvals: false, inFlight: 20, steps: 1 },
  { backend: "native", approvals: false, inFlight: 20, steps: 1 },
  { backend: "native", approvals: true, inFlight: 20, steps: 1 },
  { backend: "teller", approvals: false, inFlight: 1, steps: 3 },
  { backend: "native", approvals: false, inFlight: 1, steps: 1 },
  { backend: "teller", approvals: false, inFlight: 20, steps: 3 },
  { backend: "native", approvals: true, inFlight: 1, steps: 1 },
  { backend: "teller", approvals: false, inFlight: 1, steps: 1 }
]

const tried = kinds.filter(({ approvals, backend }) =>
  values.only === "" ? true : values.only === (approvals ? "approvals" : backend)
)
if (tried.length === 0) throw new Error('--only is "teller", "native" or "approvals".')

const wordsOf = ({ approvals, backend, steps }: (typeof kinds)[number]): string =>
  backend === "teller" ? `${steps} steps` : approvals ? "tools that ask" : "tools and memory"

console.log(
  `kills: ${count} with seed ${seed} over ${storage}${mutant === null ? "" : `, ${mutant}`}`
)
const started = Date.now()
let sum = nothing
let killed = 0
let wrong = 0
for (let life = 0; killed < count; life++) {
  const kind = tried[life % tried.length]
  if (kind === undefined) break
  const kills = Math.min(killsOfALife, count - killed)
  const outcome = await live({ ...kind, seed: seed + life, kills, storage, mutant })
  killed += outcome.kills
  sum = add(sum, outcome.tally)
  wrong += outcome.wrong.length
  console.log(
    `life ${seed + life}: ${kind.inFlight} in flight, ${wordsOf(kind)}, ${outcome.kills} kills; ` +
      `${outcome.tally.accepted} turns, ${outcome.tally.resumed} readers resumed, ` +
      `${outcome.wrong.length} violations`
  )
  for (const what of outcome.wrong.slice(0, 20)) console.log(`  VIOLATION ${what}`)
}
const seconds = ((Date.now() - started) / 1000).toFixed(0)
console.log(
  `kills: ${killed} kills, ${sum.accepted} acknowledged turns (${sum.again} run again, ` +
    `${sum.crashed} given up, ${sum.cancelled} cancelled), ${sum.refused} refused as busy, ` +
    `${sum.acted} deeds (${sum.unknown} calls of unknown outcome), ${sum.decided} decisions, ` +
    `${sum.marks} marks in memory, ` +
    `${sum.read} events read (${sum.retracted} retractions, ${sum.resumed} readers resumed), ` +
    `${wrong} violations, seed ${seed}, ${seconds} s`
)
process.exitCode = wrong === 0 ? 0 : 1
