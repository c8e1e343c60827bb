/**
 * The process that is killed: random transactions of several users at once, each acknowledged on
 * standard output as `user position sequence` after it was committed.
 */
import { writeSync } from "node:fs"
import { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Effect from "effect/Effect"
import * as Sqlite from "../../src/Sqlite.ts"
import * as Lane from "./Lane.ts"

const [file = "", seed = "0", users = "0"] = process.argv.slice(2)

const work = Effect.fnUntraced(function* (n: number) {
  const storage = yield* Storage
  const resolver = yield* TenantResolver
  const scope = yield* resolver.renew({ tenant: "tenant", user: `user-${n}`, scopes: [] })
  const random = Lane.randomOf(Number(seed) * 1000 + n)
  yield* Lane.open(storage, scope)
  writeSync(1, "open\n")
  while (true) {
    const told = yield* Lane.act(storage, scope, random)
    if (told !== null) writeSync(1, `user-${n} ${told}\n`)
  }
})

Effect.forEach(Array.from({ length: Number(users) }), (_, n) => work(n), {
  concurrency: "unbounded",
  discard: true
}).pipe(
  Effect.provide([
    Sqlite.layer({ file, durability: Number(seed) % 2 === 0 ? "power" : "process" }),
    TenantResolver.layerTrusted
  ]),
  Effect.runFork
)
