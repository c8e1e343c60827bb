/** The keys of a tenant, and tokens: keys of one user that soon expire. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Digest from "effect/crypto/Digest"
import type * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { asTenancyError, type Reason, rejected, TenancyError } from "../errors.ts"
import { fresh, isWellFormed, UserId, whyRefused } from "../ids.ts"
import { type By, checkBy, type Page } from "../Page.ts"
import type { KeyRecord } from "../storage/KeyStore.ts"
import { Storage } from "../storage/Storage.ts"
import type { ApiKey } from "./ApiKey.ts"
import { isLive } from "./KeyCredentials.ts"
import { callerWith, wholeTenant } from "./Permissions.ts"
import type { Caller, Principal } from "./Principal.ts"
import * as Secret from "./Secret.ts"
import { TenantResolver } from "./TenantResolver.ts"

type As<A> = Effect.Effect<A, TenancyError, Principal>

/** Longest name of a key, in UTF-16 units. */
export const maximumName = 256
/** Most scopes of a key. */
export const maximumScopes = 32
/** How long a token lasts unless said otherwise, and at most, in milliseconds. */
export const defaultTokenMs = 900_000
export const maximumTokenMs = 3_600_000
/** Tokens of one user that are good at the same time. */
export const tokensOfUser = 8

/**
 * A key to make. `user`: whom it acts as, absent for one of the whole tenant; `expiresAt`:
 * milliseconds since 1970, absent for one that lasts until it is revoked.
 */
export interface NewKey {
  readonly name: string
  readonly scopes: ReadonlyArray<string>
  readonly user?: string
  readonly expiresAt?: number
}

/** A key and its secret, which is told this once and never again. */
export interface MadeKey {
  readonly key: ApiKey
  readonly secret: Redacted.Redacted
}

export class ApiKeys extends Context.Service<
  ApiKeys,
  {
    /**
     * Makes a key. Needs `operator`, and `act-as` for one of another user; `Forbidden` names the
     * first scope that the key would have and its maker lacks. `Rejected` for a name over 256 characters, more than 32 scopes, a time past.
     */
    readonly create: (key: NewKey) => As<MadeKey>
    /** In the order of their ids: keys in the order they were made, then tokens. `operator`. */
    readonly list: (by: By) => As<Page<ApiKey>>
    /**
     * From now on the key opens nothing, nor do the tokens that were made with it; again, nothing
     * happens. Needs `operator`.
     */
    readonly revoke: (id: string) => As<void>
    /**
     * Makes a key of this user that expires in `lastsMs` (15 minutes; at most an hour), with the
     * caller's scopes but `act-as` and `operator`: for browsers, which must not hold a lasting key.
     * Needs `act-as`. A user has at most 8 good tokens; a ninth takes the place of the one that
     * would expire first. It ends with the key that the caller came with. `Unsupported` where the app's resolver does not know keys.
     */
    readonly token: (user: string, lastsMs?: number) => As<MadeKey>
  }
>()("@atrium/core/tenancy/ApiKeys") {
  static readonly layer: Layer.Layer<ApiKeys, never, Storage | TenantResolver> = Layer.effect(
    ApiKeys,
    Effect.gen(function* () {
      const storage = yield* Storage
      const resolver = yield* TenantResolver
      const { keys } = storage.stores
      const crypto = yield* Effect.context<Digest.Digest | SecureRandom.SecureRandom>()
      const fresher = Effect.provideContext(Secret.make, crypto)

      const made = Effect.fnUntraced(function* (caller: Caller, key: NewKey) {
        const now = yield* Clock.currentTimeMillis
        const why = whyInvalid(key, now)
        if (why !== undefined) return yield* TenancyError.because(why)
        const lacking = key.scopes.find((scope) => !caller.scopes.has(scope))
        if (lacking !== undefined) {
          return yield* TenancyError.because({ _tag: "Forbidden", scope: lacking })
        }
        // A key of another user acts as that user for as long as it lasts.
        const own = key.user === undefined || Option.contains(caller.userId, UserId(key.user))
        if (!own && !caller.scopes.has("act-as")) {
          return yield* TenancyError.because({ _tag: "Forbidden", scope: "act-as" })
        }
        const { hash, prefix, secret } = yield* fresher
        const record = recordOf(caller, yield* fresh("key"), key, { hash, prefix })
        yield* storage.transact(keys.save(wholeTenant(caller), record))
        return { key: keyOf(record), secret }
      })

      /** The place of a user's next token: one whose token is good no more, else the oldest. */
      const placeFor = Effect.fnUntraced(function* (user: Caller, now: number) {
        const name = Option.getOrElse(user.userId, () => "")
        const whose = yield* Effect.provideContext(Secret.sha256(name), crypto)
        let oldest: { readonly id: string; readonly expiresAt: number } | undefined
        for (let place = 0; place < tokensOfUser; place++) {
          const id = `token_${whose.slice(0, 32)}_${place}`
          const found = Option.getOrUndefined(yield* keys.find(user, id))
          if (found === undefined || !isLive(found, now)) return id
          const expiresAt = found.expiresAt ?? Number.POSITIVE_INFINITY
          if (oldest === undefined || expiresAt < oldest.expiresAt) oldest = { id, expiresAt }
        }
        return oldest?.id ?? `token_${whose.slice(0, 32)}_0`
      })

      return ApiKeys.of({
        create: Effect.fn("ApiKeys.create")(function* (key) {
          return yield* made(yield* callerWith("operator"), key)
        }, asTenancyError),
        list: Effect.fn("ApiKeys.list")(function* (by) {
          const scope = wholeTenant(yield* callerWith("operator"))
          const refused = checkBy(by)
          if (refused !== undefined) return yield* TenancyError.because(refused)
          const { items, next } = yield* keys.list(scope, by)
          return { items: items.map(keyOf), next }
        }, asTenancyError),
        revoke: Effect.fn("ApiKeys.revoke")(function* (id) {
          const scope = wholeTenant(yield* callerWith("operator"))
          const revokedAt = yield* Clock.currentTimeMillis
          yield* storage.transact(
            Effect.gen(function* () {
              const found = yield* keys.find(scope, id)
              if (Option.isNone(found)) {
                return yield* TenancyError.because({ _tag: "NotFound", what: "key" })
              }
              if (found.value.revokedAt !== null) return
              yield* keys.save(scope, { ...found.value, revokedAt })
            })
          )
        }, asTenancyError),
        token: Effect.fn("ApiKeys.token")(function* (user, lastsMs = defaultTokenMs) {
          const caller = yield* resolver.actAs(user)
          const now = yield* Clock.currentTimeMillis
          if (!Number.isInteger(lastsMs) || lastsMs < 1000 || lastsMs > maximumTokenMs) {
            return yield* TenancyError.because(
              rejected("lastsMs", `A token lasts 1,000 to ${maximumTokenMs} milliseconds.`)
            )
          }
          const { hash, prefix, secret } = yield* fresher
          const key = { name: "token", scopes: [...caller.scopes], user, expiresAt: now + lastsMs }
          const record = yield* storage.transact(
            Effect.gen(function* () {
              const id = yield* placeFor(caller, now)
              const placed = {
                ...recordOf(caller, id, key, { hash, prefix }),
                madeBy: caller.keyId ?? null
              }
              yield* keys.save(caller, placed)
              return placed
            })
          )
          // Where every credential stands for the same claims, a token would be somebody else.
          const opens = yield* Effect.option(resolver.resolve(secret))
          const same = Option.exists(
            opens,
            ({ tenantId, userId }) =>
              tenantId === caller.tenantId && Option.contains(userId, record.user)
          )
          if (!same)
            return yield* TenancyError.because({ _tag: "Unsupported", capability: "tokens" })
          return { key: keyOf(record), secret }
        }, asTenancyError)
      })
    })
  ).pipe(Layer.provide(Secret.layerCrypto))
}

const keyOf = ({
  expiresAt,
  id,
  madeBy,
  name,
  prefix,
  revokedAt,
  scopes,
  user
}: KeyRecord): ApiKey => ({
  id,
  prefix,
  name,
  scopes,
  user,
  expiresAt,
  revokedAt,
  madeBy
})

const recordOf = (
  { tenantId }: Caller,
  id: string,
  { expiresAt, name, scopes, user }: NewKey,
  secret: { readonly hash: string; readonly prefix: string }
): KeyRecord => ({
  ...secret,
  id,
  tenantId,
  name,
  scopes: [...new Set(scopes)],
  user: user ?? null,
  expiresAt: expiresAt ?? null,
  revokedAt: null,
  madeBy: null
})

/** What a scope may look like: `turns`, `act-as`, `refunds.approve`. */
const scopeForm = /^[a-z][a-z0-9._:-]{0,63}$/

const whyInvalid = ({ expiresAt, name, scopes, user }: NewKey, now: number): Reason | undefined => {
  if (name.length === 0 || name.length > maximumName || !isWellFormed(name)) {
    return rejected("name", `The name of a key has 1 to ${maximumName} characters.`)
  }
  if (scopes.length > maximumScopes || !scopes.every((scope) => scopeForm.test(scope))) {
    return rejected(
      "scopes",
      `A key has at most ${maximumScopes} scopes of 1 to 64 characters: a letter, then letters, digits, ".", "_", ":" or "-".`
    )
  }
  const refused = user === undefined ? undefined : whyRefused("userID", user)
  if (refused !== undefined) return rejected("user", refused)
  if (expiresAt !== undefined && (!Number.isSafeInteger(expiresAt) || expiresAt <= now)) {
    return rejected("expiresAt", "A key expires in the future, in milliseconds since 1970.")
  }
  return undefined
}
