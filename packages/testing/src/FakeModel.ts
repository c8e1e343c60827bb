/**
 * A fake model server that speaks the OpenAI-compatible protocol over HTTP: it answers
 * `ok: <what the user said last>`, whole or streamed, and remembers what it was asked.
 * It listens on loopback only.
 */

import { once } from "node:events"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Log, makeServer, type RecordedRequest } from "./internal/fakeModelServer.ts"

export type { RecordedRequest } from "./internal/fakeModelServer.ts"

/** How a fake model server behaves. */
export interface Options {
  /** The port to listen on; without one, a free port. */
  readonly port?: number
  /** How long a completion waits before its first byte. Default 0. */
  readonly latencyMs?: number
}

/** A fake model server that is listening. */
export interface Running {
  /** The base URL of the API, as in `http://127.0.0.1:4010/v1`. */
  readonly url: string
  /** The port it listens on. */
  readonly port: number
  /** The latest requests, oldest first, at most 1,000. */
  readonly requests: () => ReadonlyArray<RecordedRequest>
  /** How many requests arrived since the start, remembered or not. */
  readonly count: () => number
  /** Stops listening and drops every connection. */
  readonly close: () => Promise<void>
}

/** Starts a server, for code that does not use Effect: a bench, a child process. */
export const start = async ({ port = 0, latencyMs = 0 }: Options = {}): Promise<Running> => {
  const log: Log = { requests: [], count: 0, completions: 0 }
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
