/**
 * Runs a fake model server as a process of its own, so that its CPU time is not counted as its
 * user's: `node .../FakeModelMain.js --latency-ms 5`. The first line of its output is JSON with
 * `url` and `port`. It ends when its standard input does, so that it never outlives its parent.
 */
import { parseArgs } from "node:util"
import { start } from "./FakeModel.ts"

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    "latency-ms": { type: "string", default: "0" }
  }
})

const figure = (flag: "port" | "latency-ms"): number => {
  const number = Number(values[flag])
  if (Number.isInteger(number) && number >= 0) return number
  throw new Error(`--${flag} takes a whole number, not ${JSON.stringify(values[flag])}.`)
}

const server = await start({ port: figure("port"), latencyMs: figure("latency-ms") })
console.log(JSON.stringify({ url: server.url, port: server.port }))
process.stdin.resume().once("end", () => server.close())
