/** What answers the route of limits. */
import { Limits } from "@atrium/core/tenancy/Limits"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { Api } from "../api/Api.ts"
import { told } from "./Answers.ts"

export const layer = HttpApiBuilder.group(Api, "limits", (routes) =>
  Effect.map(Limits, (limits) => routes.handle("left", () => told(limits.left)))
)
