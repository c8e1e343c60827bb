/** Routes of the ledger: what was used. */
import type { LedgerTotal } from "@atrium/core/storage/LedgerStore"
import type { ModelCall as CoreModelCall } from "@atrium/core/turns/Ledger"
import { Usage } from "@atrium/core/turns/Usage"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Authorization } from "./Authorization.ts"
import { ByQuery, pageOf } from "./Paging.ts"
import { AgentId, ConversationId, TurnId, UserId } from "./Shapes.ts"

const S = Schema.String
const N = Schema.Int

const ModelCall = Schema.Struct({
  turnId: TurnId,
  sequence: N,
  conversationId: ConversationId,
  agentId: AgentId,
  userId: Schema.OptionFromNullOr(UserId),
  at: N,
  purpose: S,
  model: S,
  usage: Usage,
  finish: S
}).annotate({ identifier: "ModelCall" }) satisfies Schema.Schema<CoreModelCall>

const Total = Schema.Struct({
  turns: N,
  messages: N,
  calls: N,
  usage: Usage
}).annotate({ identifier: "Total" }) satisfies Schema.Schema<LedgerTotal>

export const LedgerGroup = HttpApiGroup.make("ledger")
  .add(
    HttpApiEndpoint.get("calls", "/v1/ledger/calls", {
      query: ByQuery,
      success: pageOf(ModelCall)
    }).annotate(OpenApi.Summary, "The caller's model calls; for an operator the tenant's"),
    HttpApiEndpoint.get("total", "/v1/ledger/total", {
      query: { from: N, to: N, user: Schema.optionalKey(S) },
      success: Total
    })
      .annotate(OpenApi.Summary, "Sums over the turns and calls of a period")
      .annotate(
        OpenApi.Description,
        "`from` (included) to `to` (excluded), in milliseconds since 1970; `user` for an operator."
      )
  )
  .middleware(Authorization)
