/**
 * Confinement in SQL. Every row of a tenant has `tenant` first in its key; rows that may belong to a
 * user have his id in a column that holds the empty text, which no id is, where nobody owns them.
 */
import { separator } from "@atrium/core/ids"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import * as Option from "effect/Option"

/** The owner as a column holds it. */
export const kept = (owner: string | null): string => owner ?? ""

/** The owner as a record holds it. */
export const told = (owner: string): string | null => (owner === "" ? null : owner)

/**
 * The parameter for `CONFINED`: null for a scope that spans the tenant, its user otherwise. An empty
 * user, which no resolver believes, is nobody and not everybody.
 */
export const mine = (scope: TenantScope): string | null =>
  Option.isNone(scope.userId) ? null : scope.userId.value || separator

/** A condition with one parameter, `mine(scope)`: the row is the scope's own. */
export const CONFINED = "user_id = coalesce(?, user_id)"

/** A condition with one parameter, `mine(scope)`: the row is the scope's own, or nobody's. */
export const SEEN = "user_id in ('', coalesce(?, user_id))"

/** True when the scope is confined to one user. */
export const ofUser = (scope: TenantScope): boolean => Option.isSome(scope.userId)
