/** The house behind HTTP, and a client by hand that keeps its connections. */
import { once } from "node:events"
import { Agent, type IncomingMessage, request } from "node:http"
import { ApiKeys } from "@atrium/core/tenancy/ApiKeys"
import { Maintenance } from "@atrium/core/tenancy/Maintenance"
import { Principal } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Node from "@atrium/http/Node"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { core, type House } from "./atrium.ts"
import type { Opened } from "./Row.ts"

/** Makes the tenant and answers how a user gets a key. */
const doors = Effect.gen(function* () {
  const maintenance = yield* Maintenance
  const keys = yield* ApiKeys
  const resolver = yield* TenantResolver
  yield* maintenance.save({ id: "bench", name: "bench", plan: "default" })
  const operator = yield* resolver.resolve(yield* maintenance.operatorKey("bench"))
  const { address } = yield* HttpServer.HttpServer
  return {
    port: "port" in address ? address.port : 0,
    keyOf: (user: number) =>
      keys.create({ name: "bench", scopes: ["turns"], user: `user-${user}` }).pipe(
        Effect.provideService(Principal, operator),
        Effect.map(({ secret }) => Redacted.value(secret))
      )
  }
})

const bodyOf = async (response: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of response) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  return Buffer.concat(chunks).toString("utf8")
}

const idIn = (text: string): string => {
  const body: unknown = JSON.parse(text)
  if (typeof body === "object" && body !== null && "id" in body) return String(body.id)
  throw new Error(`The server opened no conversation, but answered ${text}`)
}

/**
 * A house whose turns are one request each: `POST .../turns`, answered with the stream of the turn's
 * events, read to its end. The client's own cost is counted with the server's.
 */
export const openServer = async (house: House): Promise<Opened> => {
  const runtime = ManagedRuntime.make(
    Node.layer({ port: 0 }).pipe(Layer.provideMerge(core(house, TenantResolver.layerApiKeys)))
  )
  const { keyOf, port } = await runtime.runPromise(doors)
  const agent = new Agent({ keepAlive: true })
  const post = async (path: string, key: string, accept: string, body: unknown) => {
    const sent = request({
      agent,
      host: "127.0.0.1",
      port,
      path,
      method: "POST",
      headers: { accept, authorization: `Bearer ${key}`, "content-type": "application/json" }
    })
    sent.end(JSON.stringify(body))
    const [response]: Array<IncomingMessage> = await once(sent, "response")
    if (response === undefined) throw new Error("The server answered nothing.")
    const text = await bodyOf(response)
    if ((response.statusCode ?? 500) >= 300) {
      throw new Error(`POST ${path} was answered ${response.statusCode}: ${text}`)
    }
    return text
  }
  const arrive = async (user: number) => {
    const key = await runtime.runPromise(keyOf(user))
    const opened = await post("/v1/conversations", key, "application/json", { template: "bench" })
    return { key, conversation: idIn(opened) }
  }
  const people = new Map<number, ReturnType<typeof arrive>>()
  return {
    turn: async (user, turn) => {
      const known = people.get(user) ?? arrive(user)
      people.set(user, known)
      const { conversation, key } = await known
      const text = `message ${turn} of user-${user}`
      const path = `/v1/conversations/${conversation}/turns`
      const events = await post(path, key, "text/event-stream", { text })
      if (!events.includes('"_tag":"TurnFinished"')) throw new Error(`No turn ended: ${events}`)
    },
    close: async () => {
      agent.destroy()
      await runtime.dispose()
    }
  }
}
