/**
 * `pnpm bench [--only <substring>] [--rounds n] [--turns n] [--latency-ms n]`: prints a table and
 * writes `apps/bench/results.json`.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { type Candidate, measure } from "./Measure.ts"
import { startModel } from "./modelProcess.ts"
import { resultsOf, table } from "./report.ts"
import { type Opened, rows, select } from "./rows.ts"

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "5" },
    turns: { type: "string", default: "400" },
    "latency-ms": { type: "string", default: "0" },
    out: { type: "string", default: join(import.meta.dirname, "..", "results.json") }
  }
})

const figure = (flag: "rounds" | "turns" | "latency-ms", least: number): number => {
  const number = Number(values[flag])
  if (Number.isInteger(number) && number >= least) return number
  throw new Error(`--${flag} takes a whole number from ${least}, not ${values[flag]}.`)
}

const rounds = figure("rounds", 1)
const turns = figure("turns", 1)
const latencyMs = figure("latency-ms", 0)
const warmUp = Math.max(10, Math.ceil(turns / 2))
const chosen = select(rows, values.only)
if (chosen.length === 0) {
  throw new Error(
    `No row contains ${values.only}. There are: ${rows.map((r) => r.name).join(", ")}.`
  )
}

// Beside the sources, not in the system's temporary folder: that one may be memory, where a
// commit costs nothing.
const scratch = join(import.meta.dirname, "..", "node_modules", ".bench")
await mkdir(scratch, { recursive: true })
const folder = await mkdtemp(join(scratch, "run-"))
const model = await startModel(latencyMs)
const opened: Array<Opened> = []
try {
  const candidates: Array<Candidate> = []
  for (const { name, users, inFlight, open } of chosen) {
    const own = join(folder, name)
    await mkdir(own)
    const row = await open({ folder: own, modelUrl: model.url })
    opened.push(row)
    candidates.push({ name, users, inFlight, turn: row.turn })
  }
  const results = resultsOf(chosen, await measure(candidates, { rounds, turns, warmUp }))
  console.log(
    `Median of ${rounds} rounds of ${turns} turns; the model answers in ${latencyMs} ms.\n`
  )
  console.log(table(results))
  const machine = {
    node: process.version,
    platform: process.platform,
    cpus: availableParallelism()
  }
  const report = { at: new Date().toISOString(), machine, rounds, turns, latencyMs, results }
  await writeFile(values.out, `${JSON.stringify(report, null, 2)}\n`)
} finally {
  for (const row of opened) await row.close()
  await model.close()
  await rm(folder, { recursive: true })
}
