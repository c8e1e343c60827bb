/** The line that the app prints, as it is pasted into a shell. */
import { execFile, spawnSync } from "node:child_process"
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import type { Environment, Server } from "./Server.ts"

const run = promisify(execFile)

export const lineOf = ({ said }: Pick<Server, "said">): string =>
  /^curl .*$/m.exec(said())?.[0] ?? ""

/** The file that the line reads a header from. */
export const keyFileOf = (server: Pick<Server, "said">): string =>
  (/ -H '@((?:[^']|'\\'')+)'/.exec(lineOf(server))?.[1] ?? "").replaceAll("'\\''", "'")

/** That header. */
export const headerOf = (server: Pick<Server, "said">): Environment => {
  const [name = "", value = ""] = readFileSync(keyFileOf(server), "utf8").trim().split(": ")
  return { [name.toLowerCase()]: value }
}

/** Where the machine has no curl, a program of that name that does what the line needs. */
const path = (() => {
  const own = process.env["PATH"] ?? ""
  if (spawnSync("curl", ["--version"]).status === 0) return own
  const bin = mkdtempSync(join(tmpdir(), "atrium-curl-"))
  writeFileSync(
    join(bin, "curl"),
    `#!${process.execPath}
const [, url, ...rest] = process.argv.slice(2)
const { readFileSync } = require("node:fs")
const headers = {}
let body
for (let n = 0; n < rest.length; n += 2) {
  if (rest[n] === "-d") body = rest[n + 1]
  else {
    const given = rest[n + 1]
    const header = given[0] === "@" ? readFileSync(given.slice(1), "utf8").trim() : given
    headers[header.split(": ")[0]] = header.split(": ")[1]
  }
}
fetch(url, { method: "POST", headers, body }).then((r) => r.text()).then((t) => process.stdout.write(t))
`
  )
  chmodSync(join(bin, "curl"), 0o755)
  return `${bin}${delimiter}${own}`
})()

/** Runs a line as it is pasted into a shell, of somebody who has no settings of their own. */
export const paste = async (line: string): Promise<unknown> => {
  const { stdout } = await run("sh", ["-c", line], {
    cwd: tmpdir(),
    env: { PATH: path, HOME: "", no_proxy: "*" }
  })
  return JSON.parse(stdout)
}

/** Asks with the printed line, of somebody else and something else. */
export const chat = (server: Server, user_id: string, message: string): Promise<unknown> => {
  const body = JSON.stringify({ user_id, message }).replaceAll("'", "'\\''")
  return paste(lineOf(server).replace(/ -d '.*'$/, () => ` -d '${body}'`))
}
