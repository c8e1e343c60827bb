/** CI's demand on coverage, tried on made-up reports. */
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const script = join(import.meta.dirname, "..", "..", "..", ".ci", "coverage.ts")

/** Exit status of the script over a report in which that many lines of 1,000 were run. */
const statusOf = (memory: number, storage: number): number | null => {
  const root = mkdtempSync(join(tmpdir(), "atrium-coverage-"))
  try {
    const summary: Record<string, unknown> = {}
    for (const [folder, covered] of [
      ["memory", memory],
      ["storage", storage]
    ] as const) {
      const source = join(root, "packages", "core", "src", folder, "Some.ts")
      mkdirSync(join(source, ".."), { recursive: true })
      writeFileSync(source, "")
      summary[source] = { lines: { total: 1000, covered } }
    }
    mkdirSync(join(root, "coverage"))
    writeFileSync(join(root, "coverage", "coverage-summary.json"), JSON.stringify(summary))
    return spawnSync(process.execPath, [script], { cwd: root }).status
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

describe("coverage in CI", () => {
  it("[101] below 93.1 % of memory or of storage CI fails, at it CI passes", () => {
    assert.strictEqual(statusOf(931, 931), 0)
    assert.strictEqual(statusOf(930, 1000), 1)
    assert.strictEqual(statusOf(1000, 930), 1)
  }, 20_000)
})
