/** Sealed scopes, as a request would get them: from a TenantResolver. */
import type { TenancyError } from "@atrium/core/errors"
import type { Caller } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Effect from "effect/Effect"

/** The scope of `user` in `tenant`; without a user, of the whole tenant. */
export const scopeOf = (
  tenant: string,
  user?: string
): Effect.Effect<Caller, TenancyError, TenantResolver> =>
  Effect.flatMap(TenantResolver, (resolver) =>
    resolver.renew(
      user === undefined ? { tenant, scopes: ["operator"] } : { tenant, user, scopes: [] }
    )
  )
