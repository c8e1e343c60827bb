/** What is left of the caller's rates. */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as Schema from "effect/Schema"
import { Authorization } from "./Authorization.ts"

const Meter = Schema.Struct({
  turns: Schema.Int,
  windowMs: Schema.Int,
  left: Schema.Int,
  retryAfterMs: Schema.Int
}).annotate({ identifier: "Meter" })

export const LimitsGroup = HttpApiGroup.make("limits")
  .add(
    HttpApiEndpoint.get("left", "/v1/limits", {
      success: Schema.Struct({ user: Meter, tenant: Schema.optionalKey(Meter) })
    })
  )
  .middleware(Authorization)
