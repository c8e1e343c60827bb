/** What a scope may see. Stores confine by scope; facades decide what a caller may do. */
import * as Option from "effect/Option"
import type { TenantScope } from "../tenancy/Principal.ts"

/** The scope's user, or "" for a scope that spans the tenant. */
export const userOf = (scope: TenantScope): string => Option.getOrElse(scope.userId, () => "")

/** True when a datum of `owner` is the scope's: of its user, or of anyone for a tenant-wide scope. */
export const owns = (scope: TenantScope, owner: string | null): boolean =>
  Option.isNone(scope.userId) || scope.userId.value === owner

/** True when a datum of `owner` may be read: the scope's own, or one that no user owns. */
export const sees = (scope: TenantScope, owner: string | null): boolean =>
  owner === null || owns(scope, owner)
