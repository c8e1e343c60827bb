/** What answers the routes of agents. */
import { Agents } from "@atrium/core/agents/Agents"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { Api } from "../api/Api.ts"
import { told } from "./Answers.ts"

export const layer = HttpApiBuilder.group(
  Api,
  "agents",
  Effect.fnUntraced(function* (routes) {
    const agents = yield* Agents
    return routes.handleAll({
      list: ({ query }) => told(agents.list(query)),
      find: ({ params }) => told(agents.find(params.id)),
      update: ({ params, payload }) => told(agents.update(params.id, payload)),
      delete: ({ params }) => told(agents.delete(params.id))
    })
  })
)
