/** The one place where a request's Principal is made: credential, resolver, Principal. */
import { Principal } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Authorization } from "../api/Authorization.ts"
import { responseOf, told } from "./Answers.ts"

export const layer: Layer.Layer<Authorization, never, TenantResolver> = Layer.effect(
  Authorization,
  Effect.map(TenantResolver, (resolver) =>
    Authorization.of({
      bearer: (route, { credential }) =>
        Effect.matchEffect(told(resolver.resolve(credential)), {
          onFailure: (refusal) => Effect.succeed(responseOf(refusal)),
          onSuccess: (caller) => Effect.provideService(route, Principal, caller)
        })
    })
  )
)
