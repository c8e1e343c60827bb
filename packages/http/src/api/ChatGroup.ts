/** One message and its reply in one request, for a server that speaks for its users. */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Authorization } from "./Authorization.ts"

const S = Schema.String

export const ChatGroup = HttpApiGroup.make("chat")
  .add(
    HttpApiEndpoint.post("chat", "/chat", {
      payload: Schema.Struct({ user_id: S, message: S }),
      success: Schema.Struct({ user_id: S, reply: S })
    }).annotate(OpenApi.Summary, "The reply to one message of a user. Needs the scope act-as")
  )
  .middleware(Authorization)
