/** Users of a tenant. */
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { StorageError } from "../errors.ts"
import type { By, Page } from "../Page.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { User } from "../tenancy/User.ts"
import { owns } from "./Confine.ts"
import { type KeyValueDriver, within } from "./KeyValue.ts"
import { page, table } from "./Table.ts"

/** A scope with a user sees that user only; one without sees and writes them all. */
export interface UserStore {
  /** Writes `user`, whole. Under a scope of another user nothing is written. */
  readonly save: (scope: TenantScope, user: User) => Effect.Effect<void, StorageError>
  readonly find: (
    scope: TenantScope,
    id: string
  ) => Effect.Effect<Option.Option<User>, StorageError>
  /** In the order of their ids' bytes. */
  readonly list: (scope: TenantScope, by: By) => Effect.Effect<Page<User>, StorageError>
}

const users = table("user", User)

export const makeUserStore = (driver: KeyValueDriver): UserStore => ({
  save: (scope, user) =>
    within(driver, (tx) =>
      Effect.sync(() => {
        if (owns(scope, user.id)) users.set(tx, [scope.tenantId, user.id], user)
      })
    ),
  find: (scope, id) =>
    within(driver, (tx) =>
      owns(scope, id) ? users.get(tx, [scope.tenantId, id]) : Effect.succeedNone
    ),
  list: (scope, by) =>
    within(driver, (tx) => page(users, tx, [scope.tenantId], by, (user) => owns(scope, user.id)))
})
