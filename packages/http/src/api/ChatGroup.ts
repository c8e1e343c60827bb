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
      payload: Schema.Struct({ user_id: S, message: S, id: Schema.optionalKey(S) }),
      success: Schema.Struct({ user_id: S, reply: S })
    })
      .annotate(OpenApi.Summary, "The reply to one message of a user. Needs the scope act-as")
      .annotate(
        OpenApi.Description,
        "With an `id`, of 1 to 64 characters, a request that lost its answer can be made again: the " +
          "same id with the same message is the same turn, and is answered with its reply. With " +
          "another message it is a Conflict. The id is the user's alone."
      )
  )
  .middleware(Authorization)
