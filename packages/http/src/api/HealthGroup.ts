/** Whether the server lives, and whether it can work. Asks nobody who they are. */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as Schema from "effect/Schema"

const success = Schema.Struct({ status: Schema.Literal("ok") })

export const HealthGroup = HttpApiGroup.make("health").add(
  HttpApiEndpoint.get("live", "/health/live", { success }),
  HttpApiEndpoint.get("ready", "/health/ready", { success })
)
