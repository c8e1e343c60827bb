/** The only place where a Principal is made. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { rejected, TenancyError } from "../errors.ts"
import { looksLikeAddress, TenantId, UserId, whyRefused } from "../ids.ts"
import { sealScope } from "../internal/sealed.ts"
import type { Storage } from "../storage/Storage.ts"
import type { Believing, Claims, IdRule } from "./Believing.ts"
import { believeKeys } from "./KeyCredentials.ts"
import { type Caller, Principal } from "./Principal.ts"
import { layerCrypto } from "./Secret.ts"

const unauthenticated = TenancyError.because({ _tag: "Unauthenticated", by: "atrium" })

export class TenantResolver extends Context.Service<
  TenantResolver,
  {
    /** The caller behind a credential. */
    readonly resolve: (credential: Redacted.Redacted) => Effect.Effect<Caller, TenancyError>
    /** The caller that stored claims stand for now; background work starts with it. */
    readonly renew: (claims: Claims) => Effect.Effect<Caller, TenancyError>
    /**
     * The given user of the caller's tenant, with the caller's scopes but `act-as` and `operator`:
     * who acts as a user may do what users may. Needs the scope `act-as`.
     */
    readonly actAs: (user: string) => Effect.Effect<Caller, TenancyError, Principal>
  }
>()("@atrium/core/tenancy/TenantResolver") {
  /** A resolver from what its author believes. */
  static readonly make = (believing: Believing): TenantResolver["Service"] => {
    const mint = Effect.fnUntraced(function* (
      claims: Claims
    ): Effect.fn.Return<Caller, TenancyError> {
      yield* check("tenantID", claims.tenant, [])
      if (claims.user !== undefined) yield* check("userID", claims.user, believing.idRules ?? [])
      if (claims.user !== undefined && looksLikeAddress(claims.user)) {
        yield* Effect.logWarning(
          "A user id is shaped like an IP address: behind another router it would be someone else."
        ).pipe(Effect.annotateLogs({ "tenant.id": claims.tenant }))
      }
      return sealScope(
        TenantId(claims.tenant),
        claims.user === undefined ? Option.none() : Option.some(UserId(claims.user)),
        new Set(claims.scopes),
        claims.keyId
      )
    })
    return {
      resolve: (credential) => Effect.flatMap(believing.resolve(credential), mint),
      renew: (claims) => Effect.flatMap(believing.renew(claims), mint),
      actAs: Effect.fnUntraced(function* (user: string) {
        const caller = yield* Principal
        if (!caller.scopes.has("act-as")) {
          return yield* TenancyError.because({ _tag: "Forbidden", scope: "act-as" })
        }
        return yield* mint({
          tenant: caller.tenantId,
          user,
          scopes: [...caller.scopes].filter((scope) => scope !== "act-as" && scope !== "operator"),
          ...(caller.keyId === undefined ? {} : { keyId: caller.keyId })
        })
      })
    }
  }

  static readonly layer = (believing: Believing): Layer.Layer<TenantResolver> =>
    Layer.succeed(TenantResolver, TenantResolver.make(believing))

  /**
   * One tenant, for apps with a single user or on loopback: every credential stands for `claims`.
   * No or an empty user is "default" here and nowhere else. Claims of another tenant are refused,
   * those of another user are believed with at most the scopes of `claims`.
   */
  static readonly layerSingle = (
    claims: Claims,
    idRules: ReadonlyArray<IdRule> = []
  ): Layer.Layer<TenantResolver> => {
    const named = (given: Claims): Claims => ({
      tenant: given.tenant,
      user: given.user === undefined || given.user === "" ? "default" : given.user,
      scopes: given.scopes.filter((scope) => claims.scopes.includes(scope))
    })
    return TenantResolver.layer({
      resolve: () => Effect.succeed(named(claims)),
      renew: (given) =>
        given.tenant === claims.tenant
          ? Effect.succeed(named(given))
          : Effect.fail(unauthenticated),
      idRules
    })
  }

  /** As `layerApiKeys`, with rules for user ids. */
  static readonly layerApiKeysWith = (
    idRules: ReadonlyArray<IdRule>
  ): Layer.Layer<TenantResolver, never, Storage> =>
    Layer.effect(TenantResolver, Effect.map(believeKeys(idRules), TenantResolver.make)).pipe(
      Layer.provide(layerCrypto)
    )

  /**
   * Credentials are API keys. Unknown, expired and revoked ones are refused alike; renewed are the
   * claims of tenants that exist.
   */
  static readonly layerApiKeys: Layer.Layer<TenantResolver, never, Storage> =
    TenantResolver.layerApiKeysWith([])

  /** Believes the claims of code in this process: for apps that authenticate elsewhere, and tests. */
  static readonly layerTrusted: Layer.Layer<TenantResolver> = TenantResolver.layer({
    resolve: () => Effect.fail(unauthenticated),
    renew: Effect.succeed
  })

  /** Runs an effect as the caller that the resolver makes of `claims`. */
  static readonly provide =
    (claims: Claims) =>
    <A, E, R>(
      self: Effect.Effect<A, E, R>
    ): Effect.Effect<A, E | TenancyError, Exclude<R, Principal> | TenantResolver> =>
      Effect.flatMap(TenantResolver, (resolver) =>
        Effect.flatMap(resolver.renew(claims), (caller) =>
          Effect.provideService(self, Principal, caller)
        )
      )
}

const check = (
  field: string,
  id: string,
  rules: ReadonlyArray<IdRule>
): Effect.Effect<void, TenancyError> => {
  const why =
    whyRefused(field, id) ??
    rules.reduce<string | undefined>(
      (found, rule) => found ?? Option.getOrUndefined(rule(id)),
      undefined
    )
  return why === undefined ? Effect.void : Effect.fail(TenancyError.because(rejected(field, why)))
}
