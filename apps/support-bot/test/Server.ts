/** The app as a process of its own, as users start it. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"

export type Environment = Readonly<Record<string, string>>

const program = join(import.meta.dirname, "serve.ts")

/** Nothing of the machine's own settings reaches the app. */
const clean = (env: Environment): NodeJS.ProcessEnv => {
  const kept = { ...process.env }
  for (const name of ["PORT", "ATRIUM_DB", "ATRIUM_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL"]) {
    delete kept[name]
  }
  return { ...kept, ...env }
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Begun {
  readonly child: ChildProcess
  readonly said: () => string
  readonly ended: Promise<Ended>
}

const begin = (args: ReadonlyArray<string>, env: Environment): Begun => {
  const child = spawn(process.execPath, ["--conditions=@atrium/source", program, ...args], {
    env: clean(env),
    stdio: ["pipe", "pipe", "pipe"]
  })
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
  })
  const ended = once(child, "close").then(([code]) => ({
    code: typeof code === "number" ? code : null,
    stdout,
    stderr
  }))
  return { child, said: () => stdout, ended }
}

/** Runs the app to its end, for starts that are refused. */
export const refused = (env: Environment, args: ReadonlyArray<string> = [""]): Promise<Ended> =>
  begin(args, env).ended

export interface Server {
  readonly url: string
  readonly port: number
  readonly pid: number | undefined
  /** What it printed. */
  readonly said: () => string
  /** SIGTERM; ends with what it printed. */
  readonly stop: () => Promise<Ended>
  /** SIGKILL. */
  readonly kill: () => Promise<Ended>
}

/** Starts the app and waits until it says where it is. */
export const start = async (page: string, env: Environment = {}): Promise<Server> => {
  const { child, ended, said } = begin([page], { PORT: "0", ...env })
  const isUp = (): string | undefined => (/^curl .*\n/m.exec(said()) ? said() : undefined)
  while (isUp() === undefined) {
    const done = await Promise.race([ended, new Promise((next) => setTimeout(next, 20))])
    if (done !== undefined) throw new Error(`It did not start: ${(await ended).stderr}`)
  }
  const url = /^Page +(\S+)$/m.exec(said())?.[1] ?? ""
  const end = (signal: NodeJS.Signals) => (): Promise<Ended> => {
    child.kill(signal)
    return ended
  }
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid,
    said,
    stop: end("SIGTERM"),
    kill: end("SIGKILL")
  }
}
