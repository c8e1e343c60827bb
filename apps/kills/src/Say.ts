/** How a house speaks: a line of output for everything that happens, and the voice of its guests. */
import { writeSync } from "node:fs"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import type { Death, Line } from "./Script.ts"
import type { Place } from "./Shown.ts"

/** Longest time anything may take to end. */
export const patience = "10 seconds"

let death: Death | null = null
let said = 0

/** From now on, counts the lines to the one after which this process dies. */
export const dieAt = (dies: Death | null): void => {
  death = dies
}

const die = (): void => {
  process.kill(process.pid, "SIGKILL")
}

/** Written before anything else happens. */
export const say = (line: Line): void => {
  let rest = Buffer.from(`${JSON.stringify(line)}\n`)
  while (rest.length > 0) rest = rest.subarray(writeSync(1, rest))
  if (line._tag !== death?.at || ++said !== death.count) return
  if (death.ms === 0) die()
  else setTimeout(die, death.ms)
}

/** As the user of that place. */
export const as = ({ tenant, user }: Place) =>
  TenantResolver.provide({ tenant, user, scopes: ["turns", "memory"] })

export const logger = Logger.make(({ cause, logLevel, message }) =>
  say({ _tag: "Logged", level: logLevel, text: `${JSON.stringify(message)} ${String(cause)}` })
)

/** Says a failure and goes on: what was wanted is missing in the end, and found. */
export const orSay =
  (what: string) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<Option.Option<A>, never, R> =>
    self.pipe(
      Effect.timeout(patience),
      Effect.asSome,
      Effect.catchCause((cause) =>
        Effect.sync(() => {
          say({ _tag: "Failed", what, why: String(cause) })
          return Option.none<A>()
        })
      )
    )
