import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import * as FakeModel from "@atrium/testing/FakeModel"
import { afterEach, assert, describe, it } from "@effect/vitest"
import { openFloor } from "../src/floors.ts"
import { probes } from "../src/probes.ts"
import { rows } from "../src/rows.ts"

const folders: Array<string> = []
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "atrium-bench-"))
  folders.push(made)
  return made
}
afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true })
})

describe("floors", () => {
  it("reads 20 messages back, asks the model once, stores both messages", async () => {
    const model = await FakeModel.start()
    const file = join(folder(), "floor.db")
    const floor = openFloor({ file, synchronous: "FULL", modelUrl: model.url })
    for (let turn = 0; turn < 12; turn++) await floor.turn(7, turn)
    await floor.turn(8, 12)
    assert.strictEqual(model.count(), 13)
    assert.strictEqual(floor.transcript(7).length, 24)
    assert.deepStrictEqual(floor.transcript(8), [
      { role: "user", content: "message 12 of user-8" },
      { role: "assistant", content: "ok: message 12 of user-8" }
    ])
    const sent = model.requests().at(-2)?.body
    // Twenty stored messages and the new one.
    assert.deepNestedInclude(sent, {
      "messages[0].content": "message 1 of user-7",
      "messages[20].content": "message 11 of user-7",
      "messages.length": 21
    })
    floor.close()
    await model.close()
  })

  it("stores nothing of a turn whose model call failed", async () => {
    const model = await FakeModel.start()
    const modelUrl = `${model.url}/missing`
    const file = join(folder(), "floor.db")
    const floor = openFloor({ file, synchronous: "NORMAL", modelUrl })
    const outcome = await floor.turn(1, 1).catch(String)
    assert.include(outcome, "the model answered 404")
    assert.deepStrictEqual(floor.transcript(1), [])
    floor.close()
    await model.close()
  })

  it("answers itself when it has no model", async () => {
    const floor = openFloor({ file: join(folder(), "floor.db"), synchronous: "NORMAL" })
    await floor.turn(1, 3)
    assert.strictEqual(floor.transcript(1).at(-1)?.content, "ok: message 3 of user-1")
    floor.close()
  })
})

describe("pnpm bench", () => {
  const bench = (...flags: ReadonlyArray<string>) =>
    promisify(execFile)(process.execPath, [
      "--conditions=@atrium/source",
      join(import.meta.dirname, "..", "src", "main.ts"),
      ...flags
    ])

  // Two dozen houses, two bundles, a few processes: longer than a test may take unless it says so.
  it("measures every row, prints tables, writes the results", { timeout: 180_000 }, async () => {
    const out = join(folder(), "results.json")
    const { stdout } = await bench("--quick", "--out", out)
    for (const { name } of [...rows, ...probes]) {
      assert.match(stdout, new RegExp(`^${name} .*\\d`, "m"))
    }
    const report: unknown = JSON.parse(readFileSync(out, "utf8"))
    assert.deepNestedInclude(report, { quick: true, turns: 16, "results.length": rows.length })
    // What does not depend on the machine holds in a hurry too.
    for (const line of [
      /^commits .* <= 2 +holds$/m,
      /^together .*pairs in order .* holds$/m,
      /^together .*saw those before .* holds$/m
    ]) {
      assert.match(stdout, line)
    }
  })

  it("says which rows there are when none was chosen", async () => {
    const outcome = await bench("--only", "nothing").catch(String)
    assert.include(outcome, "There are: floor, floor-full")
  })
})
