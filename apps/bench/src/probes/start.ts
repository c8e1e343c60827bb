/** From the start of a process to its first reply, both programs bundled into one file. */
import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { build } from "vite"
import { median } from "../Measure.ts"
import type { Probe } from "../Row.ts"
import type { Told } from "../start/tell.ts"

const isTold = (value: unknown): value is Told =>
  typeof value === "object" &&
  value !== null &&
  "ms" in value &&
  "cpuMs" in value &&
  "residentBytes" in value

/** Bundles a program; answers its file. */
export const bundle = async (name: string, outDir: string): Promise<string> => {
  await build({
    configFile: false,
    logLevel: "warn",
    build: {
      ssr: join(import.meta.dirname, "..", "start", `${name}.ts`),
      outDir,
      emptyOutDir: false,
      minify: true,
      target: "node22",
      rolldownOptions: { output: { entryFileNames: `${name}.mjs`, codeSplitting: false } }
    },
    ssr: { noExternal: true, resolve: { conditions: ["@atrium/source", "node", "import"] } }
  })
  return join(outDir, `${name}.mjs`)
}

export const start: Probe = {
  name: "start",
  measure: async ({ folder, modelUrl, progress, quick }) => {
    const programs = {
      floor: await bundle("floor", folder),
      atrium: await bundle("atrium", folder)
    }
    const run = async (name: keyof typeof programs, round: number): Promise<Told> => {
      const file = join(folder, `${name}-${round}.db`)
      const { stdout } = await promisify(execFile)(process.execPath, [
        programs[name],
        file,
        modelUrl
      ])
      const told: unknown = JSON.parse(stdout)
      if (!isTold(told)) throw new Error(`The program ${name} told ${stdout}`)
      return told
    }
    const rounds: Array<{ readonly floor: Told; readonly atrium: Told }> = []
    for (let round = 0; round < (quick ? 1 : 15); round++) {
      if (round % 5 === 0) progress(`${round} starts`)
      const floor = await run("floor", round)
      rounds.push({ floor, atrium: await run("atrium", round) })
    }
    const times = (figure: (told: Told) => number) =>
      median(rounds.map(({ atrium, floor }) => figure(atrium) / figure(floor)))
    return [
      {
        what: "start to first reply, time",
        value: times(({ ms }) => ms),
        unit: "x floor",
        bound: { most: 2.5 }
      },
      {
        // Of all threads, the compiler's and the collector's too.
        what: "start to first reply, CPU",
        value: times(({ cpuMs }) => cpuMs),
        unit: "x floor"
      },
      {
        what: "start to first reply",
        value: median(rounds.map(({ atrium }) => atrium.ms)),
        unit: "ms"
      },
      {
        what: "resident after the first reply",
        value: median(rounds.map(({ atrium }) => atrium.residentBytes)) / 1e6,
        unit: "MB",
        bound: { most: 100 }
      }
    ]
  }
}
