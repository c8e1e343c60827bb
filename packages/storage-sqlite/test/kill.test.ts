/**
 * kill -9 at a random moment, again and again on one file: what was acknowledged is there whole,
 * nothing is there in part or twice, and the next owner gets in [TRN-7]. ATRIUM_KILLS sets how often,
 * ATRIUM_SEED where to begin; a failure prints the seed of the run that showed it.
 */
import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Sqlite from "../src/Sqlite.ts"
import * as Lane from "./support/Lane.ts"

const kills = Number(process.env["ATRIUM_KILLS"] ?? 20)
const firstSeed = Number(process.env["ATRIUM_SEED"] ?? Date.now() % 1_000_000)
const files = 2
const users = 4
const program = join(import.meta.dirname, "support", "killed.ts")

/** What a child acknowledged until it was killed, `afterMs` after every user was there. */
const killed = (file: string, seed: number, afterMs: number): Effect.Effect<string> =>
  Effect.callback((resume) => {
    const child = spawn(
      process.execPath,
      ["--conditions=@atrium/source", program, file, `${seed}`, `${users}`],
      { stdio: ["ignore", "pipe", "pipe"] }
    )
    let told = ""
    let complaint = ""
    let opened = 0
    child.stdout.on("data", (chunk) => {
      told += `${chunk}`
      if (opened >= users) return
      opened = told.split("open\n").length - 1
      if (opened >= users) setTimeout(() => child.kill("SIGKILL"), afterMs)
    })
    child.stderr.on("data", (chunk) => {
      complaint += `${chunk}`
    })
    child.on("close", (_, signal) =>
      resume(
        signal === "SIGKILL"
          ? Effect.succeed(told)
          : Effect.die(new Error(`The child ended by itself: ${complaint}`))
      )
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** Looks at everything; answers how many acknowledged transactions were found. */
const verified = Effect.fnUntraced(function* (file: string, told: string) {
  const newest = new Map<string, Map<number, number>>()
  // The last line may have been cut off by the kill.
  for (const line of told.split("\n").slice(0, -1)) {
    const [user, position, sequence] = line.split(" ")
    if (user === undefined || position === undefined) continue
    const of = newest.get(user) ?? new Map<number, number>()
    newest.set(user, of.set(Number(position), Number(sequence)))
  }
  yield* Effect.gen(function* () {
    const storage = yield* Storage
    const resolver = yield* TenantResolver
    for (let n = 0; n < users; n++) {
      const user = `user-${n}`
      const scope = yield* resolver.renew({ tenant: "tenant", user, scopes: [] })
      const there = yield* Lane.examine(storage, scope)
      for (const [position, sequence] of newest.get(user) ?? []) {
        const found = there.get(position) ?? 0
        assert.isAtLeast(found, sequence, `${user}, turn ${position}: acknowledged and lost`)
      }
    }
  }).pipe(Effect.provide([Sqlite.layer({ file }), TenantResolver.layerTrusted]))
  return told.split("\n").length - 1 - users
})

describe("kill -9", () => {
  it.live(
    `${kills} times, at any moment`,
    () =>
      Effect.gen(function* () {
        const folder = yield* Effect.acquireRelease(
          Effect.promise(() => mkdtemp(join(tmpdir(), "atrium-kill-"))),
          (made) => Effect.promise(() => rm(made, { recursive: true, force: true }))
        )
        let acknowledged = 0
        const chain = Effect.fnUntraced(function* (n: number) {
          const file = join(folder, `${n}.db`)
          for (let round = n; round < kills; round += files) {
            const seed = firstSeed + round
            const afterMs = Lane.randomOf(seed)() ** 2 * 250
            acknowledged += yield* killed(file, seed, afterMs).pipe(
              Effect.flatMap((told) => verified(file, told)),
              Effect.annotateLogs({ seed }),
              Effect.tapCause((cause) =>
                Effect.logError(`ATRIUM_SEED=${firstSeed} ATRIUM_KILLS=${round + 1}`, cause)
              )
            )
          }
        })
        yield* Effect.forEach(Array.from({ length: files }), (_, n) => chain(n), {
          concurrency: "unbounded",
          discard: true
        })
        assert.isAbove(acknowledged, kills, "too little was acknowledged to prove anything")
      }),
    Math.max(60_000, kills * 3000)
  )
})
