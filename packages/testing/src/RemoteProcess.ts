/** A remote server in a process of its own, which a test kills and starts again. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { type Control, control, type Options } from "./RemoteServer.ts"

/** A server that can be killed. Its state survives where `journal` is given. */
export interface RemoteProcess extends Control {
  /** Ends the process at once, as `kill -9` does; returns when it is gone. */
  readonly kill: Effect.Effect<void>
  /** Starts it again on the same port and journal; returns when it listens. */
  readonly restart: Effect.Effect<void>
}

const main = fileURLToPath(
  new URL(`./RemoteServerMain${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url)
)
const parseFirst = Schema.decodeUnknownSync(
  Schema.fromJsonString(Schema.Struct({ url: Schema.String, port: Schema.Int }))
)

const launch = async (flags: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [main, ...flags], { stdio: ["pipe", "pipe", "inherit"] })
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, ...parseFirst(line) }
  }
  throw new Error("The remote server ended before it listened.")
}

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, "exit")
  child.kill("SIGKILL")
  await gone
}

/** Starts a server process that ends with the scope. One that does not start is a defect. */
export const make = ({
  deltaMs,
  journal,
  port = 0,
  steps
}: Options = {}): Effect.Effect<RemoteProcess, never, Scope.Scope> =>
  Effect.gen(function* () {
    const flags = [
      ...(journal === undefined ? [] : ["--journal", journal]),
      ...(steps === undefined ? [] : ["--steps", `${steps}`]),
      ...(deltaMs === undefined ? [] : ["--delta-ms", `${deltaMs}`])
    ]
    const first = yield* Effect.promise(() => launch([...flags, "--port", `${port}`]))
    let child: ChildProcess = first.child
    const kill = Effect.suspend(() => Effect.promise(() => end(child)))
    yield* Effect.addFinalizer(() => kill)
    const restart = Effect.promise(async () => {
      const again = await launch([...flags, "--port", `${first.port}`])
      child = again.child
    })
    return { ...control(first.url), kill, restart: Effect.andThen(kill, restart) }
  })
