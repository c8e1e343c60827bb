/** What answers the routes of sources. */
import { Sources } from "@atrium/core/memory/Sources"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { Api } from "../api/Api.ts"
import { told } from "./Answers.ts"

export const layer = HttpApiBuilder.group(
  Api,
  "sources",
  Effect.fnUntraced(function* (routes) {
    const sources = yield* Sources
    return routes.handleAll({
      sync: ({ params, payload }) =>
        told(sources.sync(params.source, payload.documents, payload.chunk)),
      list: ({ params, query }) => told(sources.list(params.source, query)),
      save: ({ params: { name, source }, payload: { chunk, text, title } }) =>
        told(
          Effect.map(sources.save(source, { name, title, text }, chunk), (outcome) => ({ outcome }))
        ),
      delete: ({ params }) => told(sources.delete(params.source, params.name)),
      open: ({ params }) => told(sources.open(params.id))
    })
  })
)
