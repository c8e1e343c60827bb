/** Routes of agents. */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as Schema from "effect/Schema"
import { Authorization } from "./Authorization.ts"
import { pageOf, TaggedByQuery } from "./Paging.ts"
import { Agent, AgentId } from "./Shapes.ts"

const params = { id: AgentId }

export const AgentsGroup = HttpApiGroup.make("agents")
  .add(
    HttpApiEndpoint.get("list", "/v1/agents", { query: TaggedByQuery, success: pageOf(Agent) }),
    HttpApiEndpoint.get("find", "/v1/agents/:id", { params, success: Agent }),
    HttpApiEndpoint.patch("update", "/v1/agents/:id", {
      params,
      payload: Schema.Struct({ tags: Schema.Array(Schema.String) }),
      success: Agent
    }),
    HttpApiEndpoint.delete("delete", "/v1/agents/:id", { params })
  )
  .middleware(Authorization)
