/** What answers the routes of memory. */
import { Memory } from "@atrium/core/memory/Memory"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { Api } from "../api/Api.ts"
import { told } from "./Answers.ts"

const all = <A>(items: ReadonlyArray<A>) => ({ items })

export const layer = HttpApiBuilder.group(
  Api,
  "memory",
  Effect.fnUntraced(function* (routes) {
    const memory = yield* Memory
    return routes.handleAll({
      blocks: ({ params, query }) =>
        told(Effect.map(memory.blocks(params.id, query.conversation), all)),
      edit: ({ params, payload }) => told(memory.edit(params.id, payload.edit, payload.expected)),
      history: ({ params, query }) => told(memory.history(params.id, query)),
      undo: ({ params, payload }) => told(memory.undo(params.id, payload.to)),
      insert: ({ params, payload }) =>
        told(Effect.map(memory.insert(params.id, payload.texts), all)),
      passages: ({ params, query }) => told(memory.passages(params.id, query)),
      delete: ({ params }) => told(memory.delete(params.id)),
      search: ({ params, payload }) =>
        told(Effect.map(memory.search(params.id, payload.query, payload), all)),
      recall: ({ params, payload }) =>
        told(Effect.map(memory.recall(params.id, payload.query, payload), all))
    })
  })
)
