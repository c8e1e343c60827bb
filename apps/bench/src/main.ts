/**
 * `pnpm bench [--only <substring>] [--rounds n] [--turns n] [--warm-up n] [--latency-ms n] [--quick]`:
 * prints tables and writes `apps/bench/results.json`. `--quick` shows that every row works and
 * measures nothing. A turn grows cheaper for its first thousand, while V8 compiles: hence the warm-up.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { availableParallelism, loadavg } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { judge, type Verdict, verdictTable } from "./Figure.ts"
import { type Candidate, measure } from "./Measure.ts"
import { type ModelProcess, startModel } from "./modelProcess.ts"
import { probes } from "./probes.ts"
import type { Opened } from "./Row.ts"
import { resultsOf, table, verdictsOf } from "./report.ts"
import { rows, select } from "./rows.ts"

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    turns: { type: "string" },
    "warm-up": { type: "string" },
    "latency-ms": { type: "string", default: "0" },
    out: { type: "string", default: join(import.meta.dirname, "..", "results.json") }
  }
})

const figure = (
  flag: "rounds" | "turns" | "warm-up" | "latency-ms",
  least: number,
  unset: number
): number => {
  const number = Number(values[flag] ?? unset)
  if (Number.isInteger(number) && number >= least) return number
  throw new Error(`--${flag} takes a whole number from ${least}, not ${values[flag]}.`)
}

const { only, quick } = values
const rounds = figure("rounds", 1, quick ? 1 : 5)
const turns = figure("turns", 1, quick ? 16 : 400)
const latencyMs = figure("latency-ms", 0, 0)
const warmUp = figure("warm-up", 0, quick ? 2 : 1000)
const chosen = select(rows, only)
const chosenProbes = probes.filter(({ name }) => name.includes(only))
if (chosen.length === 0 && chosenProbes.length === 0) {
  const names = [...rows, ...probes].map(({ name }) => name)
  throw new Error(`No row contains ${only}. There are: ${names.join(", ")}.`)
}

const began = performance.now()
/** On standard error, so that the tables can be kept by themselves. */
const progress = (text: string): void => {
  console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}`)
}

// Beside the sources, not in the system's temporary folder: that one may be memory, where a
// commit costs nothing.
const scratch = join(import.meta.dirname, "..", "node_modules", ".bench")
await mkdir(scratch, { recursive: true })
const folder = await mkdtemp(join(scratch, "run-"))
const models = new Map<number, ModelProcess>()
const modelOf = async (latency: number): Promise<string> => {
  const model = models.get(latency) ?? (await startModel(latency))
  models.set(latency, model)
  return model.url
}
const opened: Array<Opened> = []
const closeAll = async (): Promise<void> => {
  for (const row of opened.splice(0)) await row.close()
}
try {
  const load = loadavg()
  const candidates: Array<Candidate> = []
  for (const { inFlight, latencyMs: own, name, open, users } of chosen) {
    const place = join(folder, name)
    await mkdir(place)
    const row = await open({ folder: place, modelUrl: await modelOf(own ?? latencyMs) })
    opened.push(row)
    candidates.push({ name, users, inFlight, turn: row.turn })
  }
  const measured = await measure(candidates, { rounds, turns, warmUp }, progress)
  await closeAll()
  const results = resultsOf(chosen, measured)
  const verdicts: Array<Verdict> = [...verdictsOf(chosen, results)]
  for (const probe of chosenProbes) {
    progress(probe.name)
    const place = join(folder, probe.name)
    await mkdir(place)
    const figures = await probe.measure({
      folder: place,
      modelUrl: await modelOf(latencyMs),
      quick,
      progress: (text) => progress(`${probe.name}: ${text}`)
    })
    verdicts.push(...figures.map((one) => judge(probe.name, one)))
  }
  if (results.length > 0) {
    console.log(
      `Median of ${rounds} rounds of ${turns} turns; the model answers in ${latencyMs} ms.\n`
    )
    console.log(`${table(results)}\n`)
  }
  console.log(verdictTable(verdicts))
  if (quick) console.log("\nThis was quick: none of these figures means anything.")
  const machine = {
    node: process.version,
    platform: process.platform,
    cpus: availableParallelism(),
    load: { before: load, after: loadavg() }
  }
  const at = new Date().toISOString()
  const report = { at, machine, quick, rounds, turns, latencyMs, results, verdicts }
  await writeFile(values.out, `${JSON.stringify(report, null, 2)}\n`)
} finally {
  await closeAll()
  for (const model of models.values()) await model.close()
  await rm(folder, { recursive: true })
}
