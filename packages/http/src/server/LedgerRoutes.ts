/** What answers the routes of the ledger. */
import { Ledger } from "@atrium/core/turns/Ledger"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { Api } from "../api/Api.ts"
import { told } from "./Answers.ts"

export const layer = HttpApiBuilder.group(
  Api,
  "ledger",
  Effect.fnUntraced(function* (routes) {
    const ledger = yield* Ledger
    return routes.handleAll({
      calls: ({ query }) => told(ledger.calls(query)),
      total: ({ query }) => told(ledger.total(query))
    })
  })
)
