/** What somebody says of themselves, and what it takes to believe it. */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { TenancyError } from "../errors.ts"

/**
 * Who somebody says they are. Worth nothing until a resolver has believed it. `keyId`: the API key that
 * says so; tokens that are made with it end with it.
 */
export interface Claims {
  readonly tenant: string
  readonly user?: string
  readonly scopes: ReadonlyArray<string>
  readonly keyId?: string
}

/** Why an id is refused, or `None`: added to the rules that hold for every id. */
export type IdRule = (id: string) => Option.Option<string>

/** What the author of a resolver writes: core checks the ids in the claims and makes the Principal. */
export interface Believing {
  /** The claims a credential stands for; `Unauthenticated` when it stands for nothing. */
  readonly resolve: (credential: Redacted.Redacted) => Effect.Effect<Claims, TenancyError>
  /** The claims as they are now: narrowed, or refused where the user was suspended or erased. */
  readonly renew: (claims: Claims) => Effect.Effect<Claims, TenancyError>
  readonly idRules?: ReadonlyArray<IdRule>
}
