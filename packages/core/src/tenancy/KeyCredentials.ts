/** What a resolver believes when credentials are API keys. */
import * as Clock from "effect/Clock"
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { asTenancyError, TenancyError } from "../errors.ts"
import { TenantId } from "../ids.ts"
import { sealScope } from "../internal/sealed.ts"
import type { KeyRecord } from "../storage/KeyStore.ts"
import { Storage } from "../storage/Storage.ts"
import type { Believing, IdRule } from "./Believing.ts"
import { hashOf } from "./Secret.ts"

const unauthenticated = TenancyError.because({ _tag: "Unauthenticated", by: "atrium" })

/** True while the key opens something. `now`: milliseconds since 1970. */
export const isLive = (
  { expiresAt, revokedAt }: Pick<KeyRecord, "expiresAt" | "revokedAt">,
  now: number
): boolean => revokedAt === null && (expiresAt === null || expiresAt > now)

/**
 * Keys are looked up at every request, so a revoked one is refused from the next request on, and with it
 * the tokens that were made with it. Unknown, expired and revoked keys and those of a tenant that is gone
 * are refused alike.
 */
export const believeKeys = (
  idRules: ReadonlyArray<IdRule>
): Effect.Effect<Believing, never, Storage | Digest.Digest> =>
  Effect.gen(function* () {
    const { maintenance, stores } = yield* Storage
    const digest = yield* Digest.Digest

    const known = Effect.fnUntraced(function* (tenant: string) {
      if (Option.isNone(yield* maintenance.findTenant(tenant))) return yield* unauthenticated
    })

    /** A token is good while the key is that it was made with. */
    const isLiveToo = Effect.fnUntraced(function* (tenant: string, id: string, now: number) {
      const scope = sealScope(TenantId(tenant), Option.none(), new Set())
      return Option.exists(yield* stores.keys.find(scope, id), (key) => isLive(key, now))
    })

    return {
      resolve: Effect.fnUntraced(function* (credential) {
        const hash = yield* Effect.provideService(hashOf(credential), Digest.Digest, digest)
        const key = Option.getOrUndefined(yield* maintenance.findKey(hash))
        const now = yield* Clock.currentTimeMillis
        if (key === undefined || !isLive(key, now)) return yield* unauthenticated
        if (key.madeBy !== null && !(yield* isLiveToo(key.tenantId, key.madeBy, now))) {
          return yield* unauthenticated
        }
        yield* known(key.tenantId)
        return {
          tenant: key.tenantId,
          keyId: key.id,
          scopes: key.scopes,
          ...(key.user === null ? {} : { user: key.user })
        }
      }, asTenancyError),
      renew: Effect.fnUntraced(function* (claims) {
        yield* known(claims.tenant)
        return claims
      }, asTenancyError),
      idRules
    }
  })
