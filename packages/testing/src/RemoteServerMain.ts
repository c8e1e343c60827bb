/**
 * Runs a remote server as a process of its own: `node .../RemoteServerMain.js --journal FILE`. The
 * first line of its output is JSON with `url` and `port`. It ends when its standard input does, so
 * that it never outlives its parent.
 */
import { parseArgs } from "node:util"
import { start } from "./RemoteServer.ts"

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    steps: { type: "string", default: "1" },
    "delta-ms": { type: "string", default: "0" },
    journal: { type: "string" }
  }
})

const figure = (flag: "port" | "steps" | "delta-ms"): number => {
  const number = Number(values[flag])
  if (Number.isInteger(number) && number >= 0) return number
  throw new Error(`--${flag} takes a whole number, not ${JSON.stringify(values[flag])}.`)
}

const server = await start({
  port: figure("port"),
  steps: figure("steps"),
  deltaMs: figure("delta-ms"),
  ...(values.journal === undefined ? {} : { journal: values.journal })
})
console.log(JSON.stringify({ url: server.url, port: server.port }))
process.stdin.resume().once("end", () => process.exit())
