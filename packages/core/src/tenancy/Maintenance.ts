/**
 * What boot code does: tenants, and the first key of each. It asks for no Principal and sees every
 * tenant, so it is a layer of its own: provide it to a program that sets up, never beside requests.
 */
import * as Context from "effect/Context"
import type * as Digest from "effect/crypto/Digest"
import type * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { asTenancyError, rejected, TenancyError } from "../errors.ts"
import { fresh, isWellFormed, TenantId, whyRefused } from "../ids.ts"
import { sealScope } from "../internal/sealed.ts"
import { type By, checkBy, type Page } from "../Page.ts"
import { Storage } from "../storage/Storage.ts"
import * as Secret from "./Secret.ts"
import type { Tenant } from "./Tenant.ts"

type Boot<A> = Effect.Effect<A, TenancyError>

/** Every scope that Atrium itself asks for. */
export const everyScope: ReadonlyArray<string> = ["turns", "memory", "agents", "act-as", "operator"]

/** Longest name of a tenant or plan, in UTF-16 units. */
const maximumName = 256

export class Maintenance extends Context.Service<
  Maintenance,
  {
    /** In the order of their ids. */
    readonly tenants: (by: By) => Boot<Page<Tenant>>
    /** Writes a tenant, whole. */
    readonly save: (tenant: Tenant) => Boot<Tenant>
    /**
     * Makes a key without a user for a tenant that was saved: it may do everything, and hand out
     * scopes, so those that the app adds must be among `scopes`. Each call makes another key.
     */
    readonly operatorKey: (
      tenant: string,
      scopes?: ReadonlyArray<string>
    ) => Boot<Redacted.Redacted>
  }
>()("@atrium/core/tenancy/Maintenance") {
  static readonly layer: Layer.Layer<Maintenance, never, Storage> = Layer.effect(
    Maintenance,
    Effect.gen(function* () {
      const storage = yield* Storage
      const crypto = yield* Effect.context<Digest.Digest | SecureRandom.SecureRandom>()
      const { maintenance, stores } = storage
      return Maintenance.of({
        tenants: Effect.fn("Maintenance.tenants")(function* (by) {
          const refused = checkBy(by)
          if (refused !== undefined) return yield* TenancyError.because(refused)
          return yield* maintenance.listTenants(by)
        }, asTenancyError),
        save: Effect.fn("Maintenance.save")(function* (tenant) {
          const why =
            whyRefused("tenantID", tenant.id) ??
            [tenant.name, tenant.plan]
              .filter((text) => text.length > maximumName || !isWellFormed(text))
              .map(
                () => `The name and the plan of a tenant have at most ${maximumName} characters.`
              )
              .at(0)
          if (why !== undefined) {
            return yield* TenancyError.because(rejected("tenant", why))
          }
          yield* storage.transact(maintenance.saveTenant(tenant))
          return tenant
        }, asTenancyError),
        operatorKey: Effect.fn("Maintenance.operatorKey")(function* (tenant, scopes = everyScope) {
          if (Option.isNone(yield* maintenance.findTenant(tenant))) {
            return yield* TenancyError.because({ _tag: "NotFound", what: "tenant" })
          }
          const { hash, prefix, secret } = yield* Effect.provideContext(Secret.make, crypto)
          const scope = sealScope(TenantId(tenant), Option.none(), new Set(scopes))
          const record = {
            id: yield* fresh("key"),
            tenantId: tenant,
            hash,
            prefix,
            name: "operator",
            scopes: [...scope.scopes],
            user: null,
            expiresAt: null,
            revokedAt: null,
            madeBy: null
          }
          yield* storage.transact(stores.keys.save(scope, record))
          return secret
        }, asTenancyError)
      })
    })
  ).pipe(Layer.provide(Secret.layerCrypto))
}
