/** API keys of a tenant, by the hash of their secret. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { StorageError } from "../errors.ts"
import type { By, Page } from "../Page.ts"
import { ApiKey } from "../tenancy/ApiKey.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { owns } from "./Confine.ts"
import { type KeyValueDriver, within } from "./KeyValue.ts"
import { page, table } from "./Table.ts"

/** A key as it is kept: `hash` is the SHA-256 of the secret, in hex. */
export const KeyRecord = Schema.Struct({
  ...ApiKey.fields,
  tenantId: Schema.String,
  hash: Schema.String
})
export type KeyRecord = typeof KeyRecord.Type

/** A scope with a user sees the keys of that user only. */
export interface KeyStore {
  /** Writes the key, whole; nothing where another key, of whatever tenant, has its hash. */
  readonly save: (scope: TenantScope, key: KeyRecord) => Effect.Effect<void, StorageError>
  readonly find: (
    scope: TenantScope,
    id: string
  ) => Effect.Effect<Option.Option<KeyRecord>, StorageError>
  readonly list: (scope: TenantScope, by: By) => Effect.Effect<Page<KeyRecord>, StorageError>
}

const keys = table("key", KeyRecord)
/** Of no tenant: where the tenant of a credential is looked up. */
const keyHashes = table("key-hash", Schema.Struct({ tenantId: Schema.String, id: Schema.String }))

/** The key a hash belongs to. */
export const findKeyByHash = (
  driver: KeyValueDriver,
  hash: string
): Effect.Effect<Option.Option<KeyRecord>, StorageError> =>
  within(driver, (tx) =>
    Effect.flatMap(keyHashes.get(tx, ["", hash]), (found) =>
      Option.isNone(found)
        ? Effect.succeedNone
        : keys.get(tx, [found.value.tenantId, found.value.id])
    )
  )

export const makeKeyStore = (driver: KeyValueDriver): KeyStore => ({
  save: (scope, key) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx) {
        if (!owns(scope, key.user)) return
        const { tenantId } = scope
        const old = yield* keys.get(tx, [tenantId, key.id])
        if (Option.isSome(old) && !owns(scope, old.value.user)) return
        const holder = yield* keyHashes.get(tx, ["", key.hash])
        if (
          Option.isSome(holder) &&
          (holder.value.tenantId !== tenantId || holder.value.id !== key.id)
        ) {
          return
        }
        if (Option.isSome(old)) keyHashes.remove(tx, ["", old.value.hash])
        keys.set(tx, [tenantId, key.id], { ...key, tenantId })
        keyHashes.set(tx, ["", key.hash], { tenantId, id: key.id })
      })
    ),
  find: (scope, id) =>
    within(driver, (tx) =>
      Effect.map(
        keys.get(tx, [scope.tenantId, id]),
        Option.filter((key) => owns(scope, key.user))
      )
    ),
  list: (scope, by) =>
    within(driver, (tx) => page(keys, tx, [scope.tenantId], by, (key) => owns(scope, key.user)))
})
