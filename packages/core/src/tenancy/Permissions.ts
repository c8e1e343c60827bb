/** What a caller may do: deny by default. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { rejected, TenancyError, TurnError } from "../errors.ts"
import type { UserId } from "../ids.ts"
import { sealScope } from "../internal/sealed.ts"
import { type Caller, Principal, type TenantScope } from "./Principal.ts"

/**
 * Scopes that Atrium itself asks for: `turns` (and one's own conversations), `memory`, `agents`,
 * `act-as`, `operator` (users, keys, sources, read-only blocks, a whole tenant). Apps add their own.
 */
export class Permissions extends Context.Service<
  Permissions,
  {
    /** Fails with `Forbidden` unless the caller has the scope of that name. */
    readonly check: (action: string) => Effect.Effect<void, TenancyError, Principal>
  }
>()("@atrium/core/tenancy/Permissions") {
  static readonly layer: Layer.Layer<Permissions> = Layer.succeed(Permissions, {
    check: (action) =>
      Effect.flatMap(Principal, ({ scopes }) =>
        scopes.has(action)
          ? Effect.void
          : Effect.fail(TenancyError.because({ _tag: "Forbidden", scope: action }))
      )
  })
}

/** The caller, if it has `scope`. */
export const callerWith = (scope: string): Effect.Effect<Caller, TurnError, Principal> =>
  Effect.flatMap(Principal, (caller) =>
    caller.scopes.has(scope)
      ? Effect.succeed(caller)
      : Effect.fail(TurnError.because({ _tag: "Forbidden", scope }))
  )

/** Why a caller without a user is refused where users' data is touched. */
export const noUser = rejected("userID", "userID cannot be empty")

/** The caller and its user, if it has `scope`; without a user nothing of users may be touched. */
export const userWith = (
  scope: string
): Effect.Effect<{ readonly caller: Caller; readonly user: UserId }, TurnError, Principal> =>
  Effect.flatMap(callerWith(scope), (caller) =>
    Option.isSome(caller.userId)
      ? Effect.succeed({ caller, user: caller.userId.value })
      : Effect.fail(TurnError.because(noUser))
  )

/** The whole tenant of an operator. Asked for by facades after they checked `operator`. */
export const wholeTenant = (caller: Caller): TenantScope =>
  sealScope(caller.tenantId, Option.none(), caller.scopes)

/**
 * Who asks.
 * - `scope`: what that reaches: the user's own data, or for an operator the tenant's.
 */
export interface Asker {
  readonly caller: Caller
  readonly operator: boolean
  readonly scope: TenantScope
}

/** The caller, if it has `scope`, and a user or the scope `operator`. */
export const askerWith = (scope: string): Effect.Effect<Asker, TurnError, Principal> =>
  Effect.flatMap(
    callerWith(scope),
    (caller): Effect.Effect<Asker, TurnError, Principal> =>
      caller.scopes.has("operator")
        ? Effect.succeed({ caller, operator: true, scope: wholeTenant(caller) })
        : Effect.map(userWith(scope), () => ({ caller, operator: false, scope: caller }))
  )

/** What the user of that id sees. Asked for by facades for an operator, or for the caller itself. */
export const asUser = (caller: Caller, user: UserId): TenantScope =>
  sealScope(caller.tenantId, Option.some(user), caller.scopes)
