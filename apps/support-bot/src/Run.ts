/** The app as a process: its end is orderly on SIGTERM, and what is wrong at the start is one line. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import { type Folders, layer } from "./App.ts"

/** What people read of an error, without a stack. */
const lineOf = (error: unknown): string => {
  const cause = Predicate.hasProperty(error, "cause") ? error.cause : undefined
  const code = Predicate.hasProperty(cause, "code") ? cause.code : undefined
  const port = Predicate.hasProperty(cause, "port") ? ` ${cause.port}` : ""
  if (code === "EADDRINUSE") {
    return `PORT${port} is taken. Stop what listens there, or set PORT to another one.`
  }
  if (code === "EACCES") return `PORT${port} is not allowed. Set PORT to one from 1024 on.`
  return Predicate.hasProperty(error, "message")
    ? String(error.message)
    : "It cannot start, for an unknown reason."
}

export const run = (folders: Folders): void => {
  // The database holds what people wrote: other users of the machine have no business in its files.
  process.umask(0o077)
  NodeRuntime.runMain(
    Layer.launch(layer(folders)).pipe(
      Effect.tapCause((cause) => {
        const failure = cause.reasons.find((reason) => reason._tag === "Fail")
        if (failure !== undefined) return Console.error(lineOf(failure.error))
        return Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError("It died.", cause)
      })
    ),
    {
      disableErrorReporting: true,
      // Who stops it by a signal has not found a fault.
      teardown: (exit, onExit) =>
        onExit(Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? 0 : 1)
    }
  )
}
