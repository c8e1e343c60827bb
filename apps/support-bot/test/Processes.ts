/** Servers that a test file starts as a shell does, and what is asked of them. */
import { execFile, spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { request } from "node:http"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import { afterAll, afterEach } from "vitest"
import { type Environment, type Server, start } from "./Server.ts"

const run = promisify(execFile)

export const json = { "content-type": "application/json" }

/** The line that a start prints, to be pasted. */
export const lineOf = ({ said }: Server): string => /^curl .*$/m.exec(said())?.[0] ?? ""

/** A request with nothing of its own. */
export const ask = (
  { port }: Server,
  path: string,
  { body, headers = {}, method = "POST" }: { body?: string; headers?: Environment; method?: string }
): Promise<{ readonly status: number; readonly text: string; readonly headers: unknown }> =>
  new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, path, method, headers, agent: false },
      (got) => {
        let text = ""
        got.setEncoding("utf8").on("data", (more: string) => {
          text += more
        })
        got.on("end", () => resolve({ status: got.statusCode ?? 0, text, headers: got.headers }))
      }
    )
    sent.on("error", reject)
    sent.end(body)
  })

/** A folder of this file's, and servers that are stopped after each test. */
export const processes = () => {
  const scratch = mkdtempSync(join(tmpdir(), "atrium-start-"))
  const page = join(scratch, "page")
  mkdirSync(page)
  writeFileSync(join(page, "index.html"), "<!doctype html><title>Page</title>")
  const ends: Array<() => Promise<unknown>> = []
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end()
  })
  afterAll(() => rmSync(scratch, { recursive: true }))

  let databases = 0
  const place = (): Environment => {
    databases += 1
    return { ATRIUM_DB: join(scratch, `it's db ${databases}`, "support.db") }
  }

  const serve = async (env: Environment = place()): Promise<Server> => {
    const server = await start(page, env)
    ends.push(server.stop)
    return server
  }

  /** Where the machine has no curl, a program of that name that does what the line needs. */
  const path = (): string => {
    const own = process.env["PATH"] ?? ""
    if (spawnSync("curl", ["--version"]).status === 0) return own
    const bin = join(scratch, "bin")
    mkdirSync(bin, { recursive: true })
    writeFileSync(
      join(bin, "curl"),
      `#!${process.execPath}
const [, url, ...rest] = process.argv.slice(2)
const headers = {}
let body
for (let n = 0; n < rest.length; n += 2) {
  if (rest[n] === "-d") body = rest[n + 1]
  else headers[rest[n + 1].split(": ")[0]] = rest[n + 1].split(": ")[1]
}
fetch(url, { method: "POST", headers, body }).then((r) => r.text()).then((t) => process.stdout.write(t))
`
    )
    chmodSync(join(bin, "curl"), 0o755)
    return `${bin}${delimiter}${own}`
  }

  /** Runs a line as it is pasted into a shell. */
  const paste = async (line: string): Promise<unknown> => {
    const { stdout } = await run("sh", ["-c", line], {
      env: { ...process.env, PATH: path(), no_proxy: "*" }
    })
    return JSON.parse(stdout)
  }

  const chat = (server: Server, user_id: string, message: string): Promise<unknown> => {
    const body = JSON.stringify({ user_id, message }).replaceAll("'", "'\\''")
    return paste(lineOf(server).replace(/ -d '.*'$/, () => ` -d '${body}'`))
  }
  return { chat, ends, page, paste, place, scratch, serve }
}
