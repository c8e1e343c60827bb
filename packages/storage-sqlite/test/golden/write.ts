/**
 * Prints the script of a database of the present version: run once for each version, before it is
 * released. `node --conditions=@atrium/source test/golden/write.ts > test/golden/version-1.sql`
 */
import { writeSync } from "node:fs"
import * as Effect from "effect/Effect"
import { freshFile, opened, tampered } from "../support/Opened.ts"
import * as Golden from "./Golden.ts"

await Effect.gen(function* () {
  const file = yield* freshFile
  yield* opened(file, Golden.plant)
  const script = yield* tampered(file, Golden.scriptOf)
  yield* Effect.sync(() => writeSync(1, script))
}).pipe(Effect.scoped, Effect.runPromise)
