/** Routes of users; for operators, but for one's own. */
import { Property, User } from "@atrium/core/tenancy/User"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as Schema from "effect/Schema"
import { Authorization } from "./Authorization.ts"
import { ByQuery, pageOf } from "./Paging.ts"

const params = { id: Schema.String }

export const UsersGroup = HttpApiGroup.make("users")
  .add(
    HttpApiEndpoint.get("list", "/v1/users", { query: ByQuery, success: pageOf(User) }),
    HttpApiEndpoint.get("find", "/v1/users/:id", { params, success: User }),
    HttpApiEndpoint.put("save", "/v1/users/:id", {
      params,
      payload: Schema.Struct({
        name: Schema.String,
        properties: Schema.Record(Schema.String, Property)
      }),
      success: User
    })
  )
  .middleware(Authorization)
