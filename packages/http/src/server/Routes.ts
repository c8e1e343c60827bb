/** Every route of the API, guarded: a layer over a router, for Node's server and for web handlers. */

import type { Agents } from "@atrium/core/agents/Agents"
import type { Conversations } from "@atrium/core/conversations/Conversations"
import type { Memory } from "@atrium/core/memory/Memory"
import type { Sources } from "@atrium/core/memory/Sources"
import type { Storage } from "@atrium/core/storage/Storage"
import type { ApiKeys } from "@atrium/core/tenancy/ApiKeys"
import type { Limits } from "@atrium/core/tenancy/Limits"
import type { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import type { Users } from "@atrium/core/tenancy/Users"
import type { Ledger } from "@atrium/core/turns/Ledger"
import type { Turns } from "@atrium/core/turns/Turns"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Layer from "effect/Layer"
import { Api } from "../api/Api.ts"
import * as AgentRoutes from "./AgentRoutes.ts"
import * as Authorizing from "./Authorizing.ts"
import * as ChatRoutes from "./ChatRoutes.ts"
import * as ConversationRoutes from "./ConversationRoutes.ts"
import * as Guard from "./Guard.ts"
import * as HealthRoutes from "./HealthRoutes.ts"
import * as KeyRoutes from "./KeyRoutes.ts"
import * as LedgerRoutes from "./LedgerRoutes.ts"
import * as LimitRoutes from "./LimitRoutes.ts"
import * as MemoryRoutes from "./MemoryRoutes.ts"
import * as Problems from "./Problems.ts"
import * as SourceRoutes from "./SourceRoutes.ts"
import * as TurnRoutes from "./TurnRoutes.ts"
import * as UserRoutes from "./UserRoutes.ts"

/** What the routes work with: core's facades, its resolver and its storage. */
export type Services =
  | Turns
  | Conversations
  | Agents
  | Memory
  | Sources
  | Users
  | Limits
  | Ledger
  | ApiKeys
  | TenantResolver
  | Storage

/**
 * - `hosts`, `origins`: names answered to, and other sites whose pages may ask.
 * - `chat`: the template whose agent replies to `POST /chat`; absent, that is `Unsupported`.
 */
export interface Options extends Guard.Allowed {
  readonly chat?: string
}

/** Longest part of a path, in UTF-16 units: an id of 255 bytes, each as `%xx`. */
export const routerConfig = { maxParamLength: 1024 }

/** The last two are those that Effect's client sends of its traces. */
const corsHeaders = [
  "authorization",
  "content-type",
  "last-event-id",
  "accept",
  "traceparent",
  "b3"
]

const cors = (origins: ReadonlyArray<string>) =>
  origins.length === 0
    ? Layer.empty
    : HttpRouter.cors({
        allowedOrigins: origins,
        allowedMethods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
        allowedHeaders: corsHeaders,
        exposedHeaders: ["retry-after", "atrium-turn"],
        maxAge: 600
      })

export const layer = ({ chat, hosts, origins }: Options) =>
  Layer.mergeAll(
    HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }),
    cors(origins),
    Guard.layer({ hosts, origins })
  ).pipe(
    Layer.provide([
      ConversationRoutes.layer,
      TurnRoutes.layer,
      AgentRoutes.layer,
      MemoryRoutes.layer,
      SourceRoutes.layer,
      LimitRoutes.layer,
      LedgerRoutes.layer,
      UserRoutes.layer,
      KeyRoutes.layer,
      ChatRoutes.layer(chat),
      HealthRoutes.layer
    ]),
    Layer.provide([Authorizing.layer, Problems.layer])
  )
