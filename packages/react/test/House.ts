/** A real server over a backend that does what the message says, and connections to it. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { Atrium } from "@atrium/core"
import { AgentBackend, type Running } from "@atrium/core/backend/AgentBackend"
import { answer, textOf } from "@atrium/core/conversations/Message"
import { BackendError } from "@atrium/core/errors"
import { Storage } from "@atrium/core/storage/Storage"
import { ApiKeys } from "@atrium/core/tenancy/ApiKeys"
import { everyScope, Maintenance } from "@atrium/core/tenancy/Maintenance"
import { defaultPlan } from "@atrium/core/tenancy/Plan"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Node from "@atrium/http/Node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { Connection, type Keeping } from "../src/index.ts"
import { type Fate, openGateway } from "./Gateway.ts"

/** `count n` says n numbers, one after the other; `break` fails; anything else is echoed. */
const run = Effect.fnUntraced(function* (turn: Running) {
  const said = textOf(turn.input)
  const id = `${turn.turn.id}-${turn.attempt}.1`
  if (said === "break") {
    return yield* BackendError.because({ _tag: "Unreachable", host: "models.internal" })
  }
  const times = Number(/^count (\d+)$/.exec(said)?.[1] ?? 0)
  let text = ""
  for (let n = 0; n < times; n++) {
    const piece = `${n} `
    yield* turn.emit({
      _tag: "TextDelta",
      messageId: id,
      part: 0,
      offset: text.length,
      text: piece
    })
    text += piece
    yield* Effect.sleep(5)
  }
  yield* turn.commit(
    [{ _tag: "MessageStored", message: answer(id, times === 0 ? `echo: ${said}` : text) }],
    { stop: "answered" }
  )
  return "answered" as const
})

const backend = AgentBackend.layer(
  Effect.succeed({
    name: "counting",
    agents: {
      provision: ({ agentId }) => Effect.succeed(agentId),
      open: (_, conversation) => Effect.succeed(conversation),
      delete: () => Effect.void
    },
    turns: { run }
  })
)

const tenant = { id: "acme", name: "Acme", plan: "default" }
const plan = { ...defaultPlan, user: { turns: 5, windowMs: 60_000 } }

const asOperator = TenantResolver.provide({ tenant: tenant.id, scopes: everyScope })

/** A free port, so that the server can be reached under the names that it allows. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

export const openHouse = async () => {
  const port = await freePort()
  const core = Atrium.layer(
    {
      support: {
        template: { name: "support", model: "demo/count", blocks: [] },
        binding: { _tag: "Shared", showUser: true }
      }
    },
    { plans: { default: plan } }
  ).pipe(
    Layer.provide(backend),
    Layer.provideMerge(TenantResolver.layerApiKeys),
    Layer.provideMerge(Atrium.maintenance),
    Layer.provideMerge(Storage.layerMemory),
    Layer.provideMerge(Logger.layer([]))
  )
  // Whatever port a line in between has, the server answers to.
  const served = Node.layer({ port, hosts: ["127.0.0.1"], streams: 3 }).pipe(
    Layer.provideMerge(core)
  )
  const runtime = ManagedRuntime.make(served)
  await runtime.runPromise(Effect.flatMap(Maintenance, ({ save }) => save(tenant)))
  const ends: Array<() => unknown> = []

  const token = (user: string): Promise<string> =>
    runtime.runPromise(
      asOperator(
        Effect.gen(function* () {
          const { secret } = yield* (yield* ApiKeys).token(user)
          return Redacted.value(secret)
        })
      )
    )
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    token,
    /** A connection as a page has it. */
    connect: (
      user: string,
      at: string = url,
      credential = () => token(user),
      keeping?: Keeping
    ): Connection => {
      const kept = keeping === undefined ? {} : { keeping }
      const connection = new Connection({ user, url: at, credential, ...kept })
      ends.push(connection.close)
      return connection
    },
    /** A way to the server whose open connections can be cut. */
    line: async () => {
      const open = new Set<Socket>()
      const server = createServer((near) => {
        const far = connect(port, "127.0.0.1")
        for (const socket of [near, far]) {
          open.add(socket)
          socket.on("error", () => undefined)
          socket.on("close", () => {
            open.delete(socket)
            near.destroy()
            far.destroy()
          })
        }
        near.pipe(far).pipe(near)
      })
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
      const cut = (): void => {
        for (const socket of open) socket.destroy()
      }
      const close = (): void => {
        server.close()
        cut()
      }
      ends.push(close)
      return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close, cut }
    },
    gateway: async (fateOf: (message: number) => Fate, until?: Promise<void>) => {
      const gateway = await openGateway(port, fateOf, until)
      ends.push(gateway.close)
      return gateway
    },
    /** Ends what a test began. */
    clear: () => {
      for (const end of ends.splice(0).toReversed()) end()
    },
    close: () => runtime.dispose()
  }
}
