/** Whether the server lives, and whether its storage answers within 2 seconds. */
import { Storage } from "@atrium/core/storage/Storage"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { Api } from "../api/Api.ts"
import { problem } from "./Answers.ts"

/** Longest answer of a storage that can work. */
const patience = "2 seconds"

const ok = { status: "ok" } as const

const unready = problem(503, { _tag: "Internal" }, "The storage does not answer.")

export const layer = HttpApiBuilder.group(
  Api,
  "health",
  Effect.fnUntraced(function* (routes) {
    const { maintenance } = yield* Storage
    return routes.handleAll({
      live: () => Effect.succeed(ok),
      ready: () =>
        maintenance.listTenants({ limit: 1 }).pipe(
          Effect.timeout(patience),
          Effect.matchEffect({
            onFailure: (error) =>
              Effect.andThen(Effect.logWarning("not ready", error), Effect.fail(unready)),
            onSuccess: () => Effect.succeed(ok)
          })
        )
    })
  })
)
