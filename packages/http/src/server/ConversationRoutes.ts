/** What answers the routes of conversations. */
import { Conversations } from "@atrium/core/conversations/Conversations"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { Api } from "../api/Api.ts"
import { told } from "./Answers.ts"

export const layer = HttpApiBuilder.group(
  Api,
  "conversations",
  Effect.fnUntraced(function* (routes) {
    const conversations = yield* Conversations
    return routes.handleAll({
      resolve: ({ payload }) => told(conversations.resolve(payload.template, payload.key)),
      start: ({ payload }) => told(conversations.start(payload.template, payload.title)),
      list: ({ query }) => told(conversations.list(query)),
      clear: ({ query }) =>
        told(Effect.map(conversations.clear(query.whose), (deleted) => ({ deleted }))),
      find: ({ params }) => told(conversations.find(params.id)),
      messages: ({ params, query }) => told(conversations.messages(params.id, query)),
      delete: ({ params }) => told(conversations.delete(params.id))
    })
  })
)
