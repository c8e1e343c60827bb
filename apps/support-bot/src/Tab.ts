/**
 * What the page asks of this app beside Atrium's API: who one may be, and a short-lived token for it.
 * Anybody may be anybody, so this is for loopback only.
 */
import type { TenancyError } from "@atrium/core/errors"
import { ApiKeys } from "@atrium/core/tenancy/ApiKeys"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { ordersOf } from "./OrderBook.ts"
import { tenant } from "./SupportAgent.ts"

/** Who the page offers. */
const people = ["alice", "bob"]

/** How long a tab's token lasts; a page that stays asks for another one. */
const lastsMs = 15 * 60_000

/** Who makes a token may act as users; the token then reads and writes what the page shows. */
const scopes = ["turns", "memory", "act-as"]

/** The id of somebody who gives a name. */
const idOf = (name: string): string => name.trim().toLowerCase().replaceAll(/\s+/g, "-")

const Body = Schema.Struct({ name: Schema.String })

const answer = (status: number, body: unknown) =>
  HttpServerResponse.jsonUnsafe(body, { status, headers: { "cache-control": "no-store" } })

const refused = ({ reason }: TenancyError) =>
  reason._tag === "Rejected"
    ? answer(400, {
        detail: "This name cannot be used. Take a shorter one, of letters and digits."
      })
    : answer(500, { detail: "The server failed. Its log says why." })

const enter = Effect.gen(function* () {
  const { name } = yield* HttpServerRequest.schemaBodyJson(Body)
  const keys = yield* ApiKeys
  const user = idOf(name)
  const { secret } = yield* keys
    .token(user, lastsMs)
    .pipe(TenantResolver.provide({ tenant: tenant.id, scopes }))
  const orders = ordersOf(user).map(({ number }) => number)
  return answer(200, { user, orders, token: Redacted.value(secret) })
}).pipe(
  Effect.catchTags({
    TenancyError: (error) => Effect.succeed(refused(error)),
    // The guard before the routes knows what a transport's error means.
    HttpServerError: Effect.die,
    SchemaError: () =>
      Effect.succeed(answer(400, { detail: 'A body looks like {"name":"Alice"}.' }))
  })
)

/** `model`: what answers, as the page says it. */
export const layer = (model: string) =>
  Layer.unwrap(
    Effect.map(Effect.context<ApiKeys | TenantResolver>(), (services) =>
      Layer.mergeAll(
        HttpRouter.add("GET", "/demo", answer(200, { shop: tenant.name, model, people })),
        HttpRouter.add("POST", "/demo/token", Effect.provideContext(enter, services))
      )
    )
  )
