/** Routes of conversations. */
import { Message } from "@atrium/core/conversations/Message"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Authorization } from "./Authorization.ts"
import { ByQuery, pageOf } from "./Paging.ts"
import { Conversation, ConversationId } from "./Shapes.ts"

const S = Schema.String
const params = { id: ConversationId }

export const ConversationsGroup = HttpApiGroup.make("conversations")
  .add(
    HttpApiEndpoint.put("resolve", "/v1/conversations", {
      payload: Schema.Struct({ template: S, key: Schema.optionalKey(S) }),
      success: Conversation
    }).annotate(OpenApi.Summary, "The caller's conversation of this key, opened on first use"),
    HttpApiEndpoint.post("start", "/v1/conversations", {
      payload: Schema.Struct({ template: S, title: Schema.optionalKey(S) }),
      success: Conversation.pipe(HttpApiSchema.status(201))
    }).annotate(OpenApi.Summary, "A new conversation"),
    HttpApiEndpoint.get("list", "/v1/conversations", {
      query: ByQuery,
      success: pageOf(Conversation)
    }).annotate(OpenApi.Summary, "The caller's conversations, in the order they were opened"),
    HttpApiEndpoint.delete("clear", "/v1/conversations", {
      query: { whose: Schema.Literals(["own", "tenant"]) },
      success: Schema.Struct({ deleted: Schema.Int })
    }).annotate(OpenApi.Summary, "Deletes all conversations of the caller, or of the tenant"),
    HttpApiEndpoint.get("find", "/v1/conversations/:id", { params, success: Conversation }),
    HttpApiEndpoint.get("messages", "/v1/conversations/:id/messages", {
      params,
      query: ByQuery,
      success: pageOf(Message)
    }).annotate(OpenApi.Summary, "The transcript"),
    HttpApiEndpoint.delete("delete", "/v1/conversations/:id", { params })
  )
  .middleware(Authorization)
