/**
 * A fake model server that speaks the OpenAI-compatible protocol over HTTP: it answers
 * `ok: <what the user said last>`, whole or streamed, and remembers what it was asked. What it is to
 * answer otherwise, faults included, is planned a completion at a time. It listens on loopback only.
 */

import { once } from "node:events"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { type Log, makeServer, type RecordedRequest } from "./internal/fakeModelServer.ts"
import type { Plan, Script } from "./internal/script.ts"

export type { RecordedRequest } from "./internal/fakeModelServer.ts"
export type { Plan, Script } from "./internal/script.ts"

/** How a fake model server behaves. */
export interface Options {
  /** The port to listen on; without one, a free port. */
  readonly port?: number
  /** How long a completion waits before its first byte. Default 0. */
  readonly latencyMs?: number
}

/** For which completions a script holds. */
export type For = Omit<Plan, "script">

/** A fake model server that is listening in this process. */
export interface Running {
  /** The base URL of the API, as in `http://127.0.0.1:4010/v1`. */
  readonly url: string
  /** The port it listens on. */
  readonly port: number
  /** The latest requests, oldest first, at most 1,000. */
  readonly requests: () => ReadonlyArray<RecordedRequest>
  /** How many requests arrived since the start, remembered or not. */
  readonly count: () => number
  /** Plans the next completion, or the next `times` ones, or those that ask for `model`. */
  readonly plan: (script: Script, when?: For) => void
  /** What was planned and has not been used up, oldest first. */
  readonly planned: () => ReadonlyArray<Plan>
  /** Stops listening and drops every connection. */
  readonly close: () => Promise<void>
}

/** Starts a server, for code that does not use Effect: a bench, a child process. */
export const start = async ({ port = 0, latencyMs = 0 }: Options = {}): Promise<Running> => {
  const log: Log = { requests: [], count: 0, completions: 0, plans: [] }
  const server = makeServer(log, latencyMs)
  server.listen(port, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") {
    throw new Error("The fake model listens on a TCP port, yet its address names none.")
  }
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    port: address.port,
    requests: () => [...log.requests],
    count: () => log.count,
    plan: (script, when = {}) => {
      log.plans.push({ script, ...when })
    },
    planned: () => [...log.plans],
    close: async () => {
      const closed = once(server, "close")
      server.close()
      server.closeAllConnections()
      await closed
    }
  }
}

/** A fake model server as a service. */
export class FakeModel extends Context.Service<FakeModel, Omit<Running, "close">>()(
  "@atrium/testing/FakeModel"
) {}

/** Starts a server that stops with the scope. A port that is taken is a defect. */
export const make = Effect.fn("FakeModel.make")(function* (options: Options = {}) {
  const { close, ...running } = yield* Effect.acquireRelease(
    Effect.promise(() => start(options)),
    (server) => Effect.promise(server.close)
  )
  return FakeModel.of(running)
})

/** A server for as long as the layer lives. */
export const layer = (options: Options = {}): Layer.Layer<FakeModel> =>
  Layer.effect(FakeModel, make(options))

const Seen = Schema.Struct({
  count: Schema.Int,
  requests: Schema.Array(
    Schema.Struct({
      method: Schema.String,
      path: Schema.String,
      headers: Schema.Record(Schema.String, Schema.String),
      body: Schema.optionalKey(Schema.Unknown),
      left: Schema.Boolean
    })
  )
})

/** What a server has seen, told to another process. */
export type Seen = typeof Seen.Type

/** What a test asks of a server in another process. A server that is gone is a defect. */
export interface Control {
  readonly plan: (script: Script, when?: For) => Effect.Effect<void>
  readonly seen: Effect.Effect<Seen>
}

const readSeen = Schema.decodeUnknownEffect(Seen)

/** The control of the server whose API is at `url`. */
export const control = (url: string): Control => ({
  plan: (script, when = {}) =>
    Effect.promise(async (signal) => {
      const body = JSON.stringify([{ script, ...when }])
      const response = await fetch(new URL("/plans", url), { method: "POST", body, signal })
      if (!response.ok) throw new Error(`The fake model refused the plan: ${await response.text()}`)
      await response.text()
    }),
  seen: Effect.promise(async (signal): Promise<unknown> => {
    const response = await fetch(new URL("/requests", url), { signal })
    return response.json()
  }).pipe(Effect.flatMap(readSeen), Effect.orDie)
})
