/** What answers the routes of keys and tokens. */
import { ApiKeys } from "@atrium/core/tenancy/ApiKeys"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { Api } from "../api/Api.ts"
import { told } from "./Answers.ts"

export const layer = HttpApiBuilder.group(
  Api,
  "keys",
  Effect.fnUntraced(function* (routes) {
    const keys = yield* ApiKeys
    return routes.handleAll({
      create: ({ payload }) => told(keys.create(payload)),
      list: ({ query }) => told(keys.list(query)),
      revoke: ({ params }) => told(keys.revoke(params.id)),
      token: ({ payload }) => told(keys.token(payload.userId, payload.lastsMs))
    })
  })
)
