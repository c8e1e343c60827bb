/**
 * Prints CI's closing line from vitest's report. A file that did not load has no tests of its own
 * and counts as one failure; so does a report that is missing.
 */
import { readFileSync } from "node:fs"

interface Report {
  readonly success: boolean
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: ReadonlyArray<{
    readonly status: string
    readonly assertionResults: ReadonlyArray<{ readonly status: string }>
  }>
}

const count = (report: Report) => {
  const unloaded = report.testResults.filter(
    (file) =>
      file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")
  )
  const failed = report.numFailedTests + unloaded.length
  return {
    passed: report.numPassedTests,
    failed: report.success ? failed : Math.max(1, failed),
    skipped: report.numPendingTests + report.numTodoTests
  }
}

const read = () => {
  try {
    const report: Report = JSON.parse(readFileSync(".vitest/results.json", "utf8"))
    return count(report)
  } catch (cause) {
    console.error(`No report of the tests can be read: ${String(cause)}`)
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

const { passed, failed, skipped } = read()
// No test at all is a broken run, not a clean one.
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
console.log(`tests: ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`)
