/** Which agent a template is bound to, and which users are attached to an agent. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { StorageError } from "../errors.ts"
import type { By, Page } from "../Page.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { owns, sees } from "./Confine.ts"
import { type KeyValueDriver, within } from "./KeyValue.ts"
import { page, table } from "./Table.ts"

/** `owner`: the user the binding is for, null for the one that all users share. */
export interface Pin {
  readonly template: string
  readonly owner: string | null
}

/** An attachment as it is kept. */
export const BoundRecord = Schema.Struct({ agentId: Schema.String, userId: Schema.String })
export type BoundRecord = typeof BoundRecord.Type

export interface BindingStore {
  /** Binds, unless it is bound; answers the agent it is bound to now. The first one wins [TEN-1]. */
  readonly pin: (
    scope: TenantScope,
    pin: Pin,
    agentId: string
  ) => Effect.Effect<string, StorageError>
  readonly find: (
    scope: TenantScope,
    pin: Pin
  ) => Effect.Effect<Option.Option<string>, StorageError>
  readonly unpin: (scope: TenantScope, pin: Pin) => Effect.Effect<void, StorageError>
  readonly attach: (scope: TenantScope, bound: BoundRecord) => Effect.Effect<void, StorageError>
  readonly detach: (scope: TenantScope, bound: BoundRecord) => Effect.Effect<void, StorageError>
  /** Attachments of an agent, of a user, or all; a scope with a user sees its own only. */
  readonly list: (
    scope: TenantScope,
    of: Partial<BoundRecord>,
    by: By
  ) => Effect.Effect<Page<BoundRecord>, StorageError>
}

const pins = table("binding", Schema.String)
const byAgent = table("bound-by-agent", BoundRecord)
const byUser = table("bound-by-user", BoundRecord)

export const makeBindingStore = (driver: KeyValueDriver): BindingStore => {
  const pathOf = (scope: TenantScope, { owner, template }: Pin) => [
    scope.tenantId,
    template,
    owner ?? ""
  ]
  return {
    pin: (scope, pin, agentId) =>
      within(
        driver,
        Effect.fnUntraced(function* (tx) {
          if (!sees(scope, pin.owner)) return agentId
          const found = yield* pins.get(tx, pathOf(scope, pin))
          if (Option.isSome(found)) return found.value
          pins.set(tx, pathOf(scope, pin), agentId)
          return agentId
        })
      ),
    find: (scope, pin) =>
      within(driver, (tx) =>
        sees(scope, pin.owner) ? pins.get(tx, pathOf(scope, pin)) : Effect.succeedNone
      ),
    unpin: (scope, pin) =>
      within(driver, (tx) =>
        Effect.sync(() => {
          if (owns(scope, pin.owner)) pins.remove(tx, pathOf(scope, pin))
        })
      ),
    attach: (scope, bound) =>
      within(driver, (tx) =>
        Effect.sync(() => {
          if (!owns(scope, bound.userId)) return
          byAgent.set(tx, [scope.tenantId, bound.agentId, bound.userId], bound)
          byUser.set(tx, [scope.tenantId, bound.userId, bound.agentId], bound)
        })
      ),
    detach: (scope, bound) =>
      within(driver, (tx) =>
        Effect.sync(() => {
          if (!owns(scope, bound.userId)) return
          byAgent.remove(tx, [scope.tenantId, bound.agentId, bound.userId])
          byUser.remove(tx, [scope.tenantId, bound.userId, bound.agentId])
        })
      ),
    list: (scope, of, by) =>
      within(driver, (tx) => {
        const keep = (bound: BoundRecord) =>
          owns(scope, bound.userId) &&
          (of.agentId === undefined || bound.agentId === of.agentId) &&
          (of.userId === undefined || bound.userId === of.userId)
        return of.userId !== undefined && of.agentId === undefined
          ? page(byUser, tx, [scope.tenantId, of.userId], by, keep)
          : page(
              byAgent,
              tx,
              of.agentId === undefined ? [scope.tenantId] : [scope.tenantId, of.agentId],
              by,
              keep
            )
      })
  }
}
