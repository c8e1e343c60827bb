/**
 * A server that keeps agents, conversations and messages of its own behind HTTP, as a vendor does:
 * idempotent by the ids of agents, conversations and turns; it may finish a turn although its client
 * has gone, and answers the same turn again from what it stored. Faults are switched on a request at
 * a time. It listens on loopback only. `@atrium/testing/Remote` is the backend over it.
 */
import { once } from "node:events"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { type Faults, Report } from "./internal/remote/protocol.ts"
import { makeServer } from "./internal/remote/server.ts"
import type { Making } from "./internal/remote/state.ts"

export type { Fault, Faults, Report, Request, TurnReport } from "./internal/remote/protocol.ts"

/** How a remote server behaves. */
export interface Options extends Making {
  /** The port to listen on; without one, a free port. */
  readonly port?: number
}

/** A remote server that is listening in this process. */
export interface Running {
  readonly url: string
  readonly port: number
  /** Stops listening and drops every connection. */
  readonly close: () => Promise<void>
}

/** Starts a server, for code that does not use Effect. */
export const start = async ({ port = 0, ...making }: Options = {}): Promise<Running> => {
  const server = makeServer(making)
  server.listen(port, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") {
    throw new Error("The remote server listens on a TCP port, yet its address names none.")
  }
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    close: async () => {
      const closed = once(server, "close")
      server.close()
      server.closeAllConnections()
      await closed
    }
  }
}

/** What a test asks of a server, in this process or another. A server that is gone is a defect. */
export interface Control {
  readonly url: string
  /** Switches faults on, for the next requests of their kind. */
  readonly plan: (faults: Faults) => Effect.Effect<void>
  /** What the server holds now. */
  readonly report: Effect.Effect<Report>
}

const decodeReport = Schema.decodeUnknownEffect(Report)

/** The control of the server at `url`. */
export const control = (url: string): Control => ({
  url,
  plan: (faults) =>
    Effect.asVoid(
      Effect.promise((signal) =>
        fetch(`${url}/faults`, { method: "POST", body: JSON.stringify(faults), signal })
      )
    ),
  report: Effect.promise(async (signal): Promise<unknown> => {
    const response = await fetch(`${url}/report`, { signal })
    return response.json()
  }).pipe(Effect.flatMap(decodeReport), Effect.orDie)
})

/** Starts a server in this process that stops with the scope. A port that is taken is a defect. */
export const make = (options: Options = {}): Effect.Effect<Control, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => start(options)),
      (server) => Effect.promise(server.close)
    ),
    ({ url }) => control(url)
  )
