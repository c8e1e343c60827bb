/**
 * Who calls. A Principal is made by a TenantResolver and by nothing else; every facade asks for one,
 * so an unscoped call does not compile.
 */
import * as Context from "effect/Context"
import type { Sealed } from "../internal/sealed.ts"

/**
 * The tenant, and the user where one is known, that a read or write is confined to. Sealed: no code
 * outside core can make one. Without a user it spans the whole tenant, so facades let only an
 * operator come without one.
 */
export interface TenantScope extends Sealed {}

/**
 * An authenticated caller: its scope and what it may do. `keyId`: the API key that it came with, where it
 * came with one.
 */
export interface Caller extends TenantScope {
  readonly scopes: ReadonlySet<string>
  readonly keyId?: string
}

/** The caller of the present request, turn or tool. */
export class Principal extends Context.Service<Principal, Caller>()(
  "@atrium/core/tenancy/Principal"
) {}
