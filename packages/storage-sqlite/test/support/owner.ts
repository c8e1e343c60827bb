/** A process that owns a database file until it is killed; says `open` when it does. */
import { writeSync } from "node:fs"
import { Storage } from "@atrium/core/storage/Storage"
import * as Effect from "effect/Effect"
import * as Sqlite from "../../src/Sqlite.ts"

const [file = ""] = process.argv.slice(2)

Effect.gen(function* () {
  yield* Storage
  // A fiber that waits does not keep a process alive; a timer does.
  yield* Effect.sync(() => setInterval(() => undefined, 60_000))
  yield* Effect.sync(() => writeSync(1, "open\n"))
  return yield* Effect.never
}).pipe(Effect.provide(Sqlite.layer({ file })), Effect.runFork)
