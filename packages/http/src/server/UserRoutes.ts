/** What answers the routes of users. */
import { Users } from "@atrium/core/tenancy/Users"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { Api } from "../api/Api.ts"
import { told } from "./Answers.ts"

export const layer = HttpApiBuilder.group(
  Api,
  "users",
  Effect.fnUntraced(function* (routes) {
    const users = yield* Users
    return routes.handleAll({
      list: ({ query }) => told(users.list(query)),
      find: ({ params }) => told(users.find(params.id)),
      save: ({ params, payload }) => told(users.save({ ...payload, id: params.id }))
    })
  })
)
