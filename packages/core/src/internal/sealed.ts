/** The seal of a tenant scope: not exported by the package, so no other code can make one. */
import type * as Option from "effect/Option"
import type { TenantId, UserId } from "../ids.ts"

const seal: unique symbol = Symbol("@atrium/core/sealed")

/** The shape of a sealed scope. */
export interface Sealed {
  readonly [seal]: true
  readonly tenantId: TenantId
  readonly userId: Option.Option<UserId>
}

/** A scope of this tenant and user. Only a TenantResolver calls this. `keyId`: the key they came with. */
export const sealScope = (
  tenantId: TenantId,
  userId: Option.Option<UserId>,
  scopes: ReadonlySet<string>,
  keyId?: string
): Sealed & { readonly scopes: ReadonlySet<string>; readonly keyId?: string } =>
  Object.freeze({
    [seal]: true as const,
    tenantId,
    userId,
    scopes,
    ...(keyId === undefined ? {} : { keyId })
  })
