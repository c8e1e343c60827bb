/**
 * Demands that the tests run at least 93.1 % of the lines of the folders in which a bug would
 * lose or leak data. A folder without code yet is passed over, and said so.
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { relative, sep } from "node:path"

const LEAST = 93.1
const FOLDERS = ["packages/core/src/memory", "packages/core/src/storage"]

interface Lines {
  readonly lines: { readonly total: number; readonly covered: number }
}

const REPORT = "coverage/coverage-summary.json"
if (!existsSync(REPORT)) throw new Error(`${REPORT} is missing: the tests wrote no coverage.`)
const summary: Readonly<Record<string, Lines>> = JSON.parse(readFileSync(REPORT, "utf8"))
const files = Object.entries(summary).map(
  ([file, { lines }]) => [relative(process.cwd(), file).split(sep).join("/"), lines] as const
)

for (const folder of FOLDERS) {
  const sources = globSync(`${folder}/**/*.ts`).length
  const counted = files.filter(([file]) => file.startsWith(`${folder}/`))
  const total = counted.reduce((sum, [, lines]) => sum + lines.total, 0)
  const covered = counted.reduce((sum, [, lines]) => sum + lines.covered, 0)
  const share = total === 0 ? 100 : (100 * covered) / total
  // Sources of which the report knows nothing would pass as an empty folder.
  const missing = sources > 0 && counted.length === 0
  const ok = !missing && share >= LEAST
  if (!ok) process.exitCode = 1
  const state =
    sources === 0 ? "no code yet" : `${covered} of ${total} lines, ${share.toFixed(1)} %`
  console.log(`${ok ? "ok    " : "FAILED"} ${folder}: ${state} (at least ${LEAST} %)`)
}
