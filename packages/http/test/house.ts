/** A server on a free port of loopback, two tenants with their keys, and requests to it as they are. */
import { type IncomingHttpHeaders, request } from "node:http"
import { Atrium } from "@atrium/core"
import type { AgentBackend } from "@atrium/core/backend/AgentBackend"
import { Storage } from "@atrium/core/storage/Storage"
import { ApiKeys, type NewKey } from "@atrium/core/tenancy/ApiKeys"
import { Maintenance } from "@atrium/core/tenancy/Maintenance"
import { defaultPlan, type Plan } from "@atrium/core/tenancy/Plan"
import { Principal } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { type Registered, Tools } from "@atrium/core/tools/Tools"
import * as Node from "@atrium/http/Node"
import * as Echo from "@atrium/testing/Echo"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"

export const wide: Plan = { ...defaultPlan, user: { turns: 100_000, windowMs: 60_000 } }

export interface Setting {
  readonly backend?: Layer.Layer<AgentBackend, never, Storage>
  readonly plan?: Plan
  readonly storage?: Layer.Layer<Storage>
  readonly resolver?: Layer.Layer<TenantResolver, never, Storage>
  readonly options?: Node.Options
  /** Without `POST /chat`. */
  readonly chatless?: boolean
  /** What the app's agents may call. */
  readonly tools?: Registered
}

const template = { model: "demo/echo", blocks: [], sources: ["guide"] } as const

export const core = ({
  backend = Echo.layer,
  plan = wide,
  resolver = TenantResolver.layerApiKeys,
  storage = Storage.layerMemory,
  tools = { list: [], call: ({ callId }) => Effect.die(callId) }
}: Setting = {}) =>
  Atrium.layer(
    {
      support: {
        template: { ...template, name: "support", tools: tools.list.map(({ name }) => name) },
        binding: { _tag: "Shared", showUser: true }
      },
      own: { template: { ...template, name: "own" }, binding: { _tag: "PerUser" } }
    },
    { plans: { default: plan } }
  ).pipe(
    Layer.provide(backend),
    Layer.provide(Layer.succeed(Tools, tools)),
    Layer.provideMerge(resolver),
    Layer.provideMerge(Atrium.maintenance),
    Layer.provideMerge(storage),
    Layer.provideMerge(Logger.layer([]))
  )

/** Core and its server, listening. */
export const served = (setting: Setting = {}) =>
  Node.layer({
    port: 0,
    ...(setting.chatless === true ? {} : { chat: "support" }),
    ...setting.options
  }).pipe(Layer.provideMerge(core(setting)))

export const portOf = Effect.map(HttpServer.HttpServer, ({ address }) =>
  "port" in address ? address.port : 0
)

/** Saves a tenant; answers its operator's secret and a maker of further keys. */
export const tenant = Effect.fnUntraced(function* (id: string) {
  const maintenance = yield* Maintenance
  const resolver = yield* TenantResolver
  const keys = yield* ApiKeys
  yield* maintenance.save({ id, name: id, plan: "default" })
  const operator = yield* maintenance.operatorKey(id)
  const caller = yield* resolver.resolve(operator)
  const key = (made: Partial<NewKey>) =>
    Effect.map(
      keys
        .create({ name: "test", scopes: ["turns", "memory", "agents"], ...made })
        .pipe(Effect.provideService(Principal, caller)),
      ({ key, secret }) => ({ id: key.id, secret: Redacted.value(secret) })
    )
  const user = (name: string) => Effect.map(key({ user: name }), ({ secret }) => secret)
  return { id, operator: Redacted.value(operator), key, user }
})

export interface Asked {
  readonly method?: string
  readonly key?: string
  readonly headers?: Readonly<Record<string, string | ReadonlyArray<string>>>
  readonly body?: unknown
  /** The body as it is, in place of `body` in JSON. */
  readonly raw?: string | Uint8Array
}

export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly json: unknown
}

/** One request over a socket of its own, with nothing added that is not asked for. */
export const ask = (port: number, path: string, asked: Asked = {}): Effect.Effect<Answered> =>
  Effect.callback<Answered>((resume) => {
    const raw = asked.raw ?? (asked.body === undefined ? undefined : JSON.stringify(asked.body))
    const sent = request(
      {
        host: "127.0.0.1",
        port,
        path,
        method: asked.method ?? (raw === undefined ? "GET" : "POST"),
        agent: false,
        headers: {
          ...(raw === undefined ? {} : { "content-type": "application/json" }),
          ...(asked.key === undefined ? {} : { authorization: `Bearer ${asked.key}` }),
          ...Object.fromEntries(
            Object.entries(asked.headers ?? {}).map(([name, value]) => [
              name,
              typeof value === "string" ? value : [...value]
            ])
          )
        }
      },
      (response) => {
        const chunks: Array<Buffer> = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk))
        response.on("error", (error) => resume(Effect.die(error)))
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8")
          const { headers, statusCode = 0 } = response
          resume(Effect.succeed({ status: statusCode, headers, text, json: jsonOf(text) }))
        })
      }
    )
    sent.on("error", (error) => resume(Effect.die(error)))
    sent.end(raw)
    return Effect.sync(() => sent.destroy())
  })

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A member of an answer, however deep: `at(json, "reason", "_tag")`. */
export const at = (json: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined,
    json
  )

/** The events of a whole `text/event-stream`: id and data. */
export const eventsIn = (text: string) =>
  text
    .split("\n\n")
    .filter((block) => block.includes("data: "))
    .map((block) => ({
      id: /^id: (.*)$/m.exec(block)?.[1],
      event: /^event: (.*)$/m.exec(block)?.[1],
      data: jsonOf(/^data: (.*)$/m.exec(block)?.[1] ?? "")
    }))

/** A server in the scope of the test, and what tests of it start with. */
export const house = Effect.fnUntraced(function* (setting: Setting = {}) {
  const services = yield* Layer.build(served(setting))
  const port = yield* Effect.provide(portOf, services)
  const acme = yield* Effect.provide(tenant("acme"), services)
  const globex = yield* Effect.provide(tenant("globex"), services)
  return {
    port,
    acme,
    globex,
    services,
    storage: Context.get(services, Storage),
    ask: (path: string, asked?: Asked) => ask(port, path, asked)
  }
})
