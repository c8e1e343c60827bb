import { backendConformance, Vendor } from "@atrium/conformance"
import { AgentBackend } from "@atrium/core/backend/AgentBackend"
import * as Echo from "@atrium/testing/Echo"
import * as Remote from "@atrium/testing/Remote"
import * as RemoteServer from "@atrium/testing/RemoteServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { faults } from "./faults.ts"

backendConformance({ name: "echo", layer: Echo.layer })

/** For all asks to come. */
const times = 1_000_000

/** The backend over a server of its own. */
const vendor = Layer.effectContext(
  Effect.gen(function* () {
    const server = yield* RemoteServer.make()
    const driver = Remote.make({ url: server.url, timeoutMs: 1000, turnMs: 3000 })
    const fault = { _tag: "Slow" as const, requestMs: 0, deltaMs: 120 }
    return Context.make(AgentBackend, driver).pipe(
      Context.add(Vendor, {
        slow: server.plan([
          { on: "turn", fault, times },
          { on: "again", fault, times }
        ]),
        faults: Object.entries(faults).map(([name, { fault, reason, times = 1 }]) => ({
          name,
          reason,
          begin: server.plan([{ on: "turn", fault, times }])
        })),
        held: Effect.map(server.report, ({ open }) => open),
        agents: Effect.map(server.report, ({ agents }) => agents.length)
      })
    )
  })
)

backendConformance({ name: "remote", layer: vendor, vendor })
