/** API keys: what they open, for how long, and what nobody can make of them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Atrium from "../src/Atrium.ts"
import { Storage } from "../src/storage/Storage.ts"
import { ApiKeys, maximumTokenMs, tokensOfUser } from "../src/tenancy/ApiKeys.ts"
import { everyScope, Maintenance } from "../src/tenancy/Maintenance.ts"
import { type Caller, Principal } from "../src/tenancy/Principal.ts"
import { TenantResolver } from "../src/tenancy/TenantResolver.ts"

const layer = Layer.mergeAll(ApiKeys.layer, Atrium.maintenance).pipe(
  Layer.provideMerge(TenantResolver.layerApiKeys),
  Layer.provideMerge(Storage.layerMemory)
)

const tenant = (id: string) =>
  Effect.gen(function* () {
    const maintenance = yield* Maintenance
    yield* maintenance.save({ id, name: id, plan: "default" })
    return yield* maintenance.operatorKey(id)
  })

const resolve = (secret: Redacted.Redacted) =>
  Effect.flatMap(TenantResolver, (resolver) => resolver.resolve(secret))

/** Runs `self` as the caller behind a secret. */
const as =
  (secret: Redacted.Redacted) =>
  <A, E, R>(self: Effect.Effect<A, E, R>) =>
    Effect.flatMap(resolve(secret), (caller) => Effect.provideService(self, Principal, caller))

const shown = ({ scopes, tenantId, userId }: Caller) => ({
  tenant: `${tenantId}`,
  user: Option.getOrNull(Option.map(userId, String)),
  scopes: [...scopes]
})

describe("API keys", () => {
  it.effect("the first key of a tenant is made at boot and opens that tenant only", () =>
    Effect.gen(function* () {
      const acme = yield* tenant("acme")
      const globex = yield* tenant("globex")
      assert.match(Redacted.value(acme), /^atr_[A-Za-z0-9_-]{43}$/)
      assert.deepStrictEqual(shown(yield* resolve(acme)), {
        tenant: "acme",
        user: null,
        scopes: [...everyScope]
      })
      const keys = yield* ApiKeys
      const { items } = yield* keys.list({}).pipe(as(globex))
      assert.deepStrictEqual(
        items.map(({ prefix }) => prefix),
        [Redacted.value(globex).slice(0, 12)]
      )
      const maintenance = yield* Maintenance
      const unknown = yield* Effect.flip(maintenance.operatorKey("nobody"))
      assert.strictEqual(unknown.reason._tag, "NotFound")
      assert.strictEqual((yield* maintenance.tenants({})).items.length, 2)
    }).pipe(Effect.provide(layer))
  )

  it.effect("a secret is told once: neither the store nor a list nor a log has it", () =>
    Effect.gen(function* () {
      const acme = yield* tenant("acme")
      const keys = yield* ApiKeys
      const { key, secret } = yield* keys
        .create({ name: "server", scopes: ["turns"] })
        .pipe(as(acme))
      const storage = yield* Storage
      const caller = yield* resolve(acme)
      const { items } = yield* storage.stores.keys.list(caller, {})
      const text = JSON.stringify([items, yield* keys.list({}).pipe(as(acme)), { key, secret }])
      for (const told of [acme, secret]) {
        assert.notInclude(text, Redacted.value(told))
        assert.notInclude(text, Redacted.value(told).slice(13))
      }
      assert.strictEqual(key.prefix, Redacted.value(secret).slice(0, 12))
      assert.notInclude(`${secret}`, "atr_")
    }).pipe(Effect.provide(layer))
  )

  it.effect("unknown, malformed, revoked and expired credentials are refused with one answer", () =>
    Effect.gen(function* () {
      const acme = yield* tenant("acme")
      const keys = yield* ApiKeys
      const make = (expiresAt?: number) =>
        keys
          .create({
            name: "k",
            scopes: ["turns"],
            ...(expiresAt === undefined ? {} : { expiresAt })
          })
          .pipe(as(acme))
      const revoked = yield* make()
      const expired = yield* make(1000)
      yield* resolve(revoked.secret)
      yield* resolve(expired.secret)
      yield* keys.revoke(revoked.key.id).pipe(as(acme))
      yield* keys.revoke(revoked.key.id).pipe(as(acme))
      yield* TestClock.adjust(999)
      yield* resolve(expired.secret)
      yield* TestClock.adjust(1)
      const answers = yield* Effect.forEach(
        [
          revoked.secret,
          expired.secret,
          Redacted.make(""),
          Redacted.make("atr_"),
          Redacted.make(`${Redacted.value(acme)}x`),
          Redacted.make(Redacted.value(acme).toUpperCase()),
          Redacted.make("\ud800"),
          Redacted.make("x".repeat(1_000_000))
        ],
        (secret) => Effect.flip(resolve(secret))
      )
      assert.deepStrictEqual(
        [...new Set(answers.map(({ message, reason }) => JSON.stringify([message, reason])))],
        [
          JSON.stringify([
            "The credential is missing, wrong, expired or revoked.",
            { _tag: "Unauthenticated", by: "atrium" }
          ])
        ]
      )
      const { items } = yield* keys.list({}).pipe(as(acme))
      const was = items.find(({ id }) => id === revoked.key.id)
      assert.strictEqual(was?.revokedAt, 0, "revoked again, the first time stays")
    }).pipe(Effect.provide(layer))
  )

  it.effect("nobody hands out a scope they lack, and only an operator hands out any", () =>
    Effect.gen(function* () {
      const acme = yield* tenant("acme")
      const keys = yield* ApiKeys
      const forbidden = <A, R>(self: Effect.Effect<A, { readonly reason: unknown }, R>) =>
        Effect.map(Effect.flip(self), ({ reason }) => reason)
      const make = (scopes: ReadonlyArray<string>) => keys.create({ name: "k", scopes })

      const small = yield* make(["operator", "turns"]).pipe(as(acme))
      yield* make(["turns"]).pipe(as(small.secret))
      for (const scope of ["act-as", "agents", "memory", "refunds"]) {
        assert.deepStrictEqual(yield* make(["turns", scope]).pipe(as(small.secret), forbidden), {
          _tag: "Forbidden",
          scope
        })
      }
      const actor = yield* make(["act-as", "turns"]).pipe(as(acme))
      const operator = { _tag: "Forbidden", scope: "operator" }
      for (const refused of [make(["turns"]), keys.list({}), keys.revoke(small.key.id)]) {
        assert.deepStrictEqual(yield* refused.pipe(as(actor.secret), forbidden), operator)
      }
      const { secret } = yield* keys.token("alice").pipe(as(actor.secret))
      assert.deepStrictEqual(shown(yield* resolve(secret)), {
        tenant: "acme",
        user: "alice",
        scopes: ["turns"]
      })
      for (const refused of [make(["turns"]), keys.list({}), keys.revoke(small.key.id)]) {
        assert.deepStrictEqual(yield* refused.pipe(as(secret), forbidden), operator)
      }
      assert.deepStrictEqual(yield* keys.token("bob").pipe(as(secret), forbidden), {
        _tag: "Forbidden",
        scope: "act-as"
      })
    }).pipe(Effect.provide(layer))
  )

  it.effect("a tenant's keys are unknown to every other tenant", () =>
    Effect.gen(function* () {
      const acme = yield* tenant("acme")
      const globex = yield* tenant("globex")
      const keys = yield* ApiKeys
      const { key, secret } = yield* keys.create({ name: "k", scopes: ["turns"] }).pipe(as(acme))
      const foreign = yield* Effect.flip(keys.revoke(key.id).pipe(as(globex)))
      const unknown = yield* Effect.flip(keys.revoke("key_nobody").pipe(as(globex)))
      assert.deepStrictEqual([foreign.message, foreign.reason], [unknown.message, unknown.reason])
      yield* resolve(secret)
    }).pipe(Effect.provide(layer))
  )

  it.effect("a token lasts an hour at most, and a user's tokens do not pile up", () =>
    Effect.gen(function* () {
      const acme = yield* tenant("acme")
      const keys = yield* ApiKeys
      const token = (user: string, lastsMs?: number) => keys.token(user, lastsMs).pipe(as(acme))
      for (const lastsMs of [0, -1, 1.5, Number.NaN, maximumTokenMs + 1]) {
        assert.strictEqual((yield* Effect.flip(token("alice", lastsMs))).reason._tag, "Rejected")
      }
      assert.strictEqual((yield* Effect.flip(token(""))).reason._tag, "Rejected")
      const first = yield* token("alice", 5000)
      yield* resolve(first.secret)
      yield* TestClock.adjust(5000)
      yield* Effect.flip(resolve(first.secret))
      const second = yield* token("alice", 5000)
      assert.strictEqual(second.key.id, first.key.id, "takes the place of the one that ended")
      const bob = yield* token("bob")
      const all = yield* Effect.forEach(Array.from({ length: 3 * tokensOfUser }), () =>
        Effect.andThen(TestClock.adjust(1), token("alice"))
      )
      const good = yield* Effect.forEach(all, ({ secret }) => Effect.option(resolve(secret)))
      assert.deepStrictEqual(
        good.map(Option.isSome),
        all.map((_, index) => index >= all.length - tokensOfUser)
      )
      yield* resolve(bob.secret)
      const { items } = yield* keys.list({}).pipe(as(acme))
      assert.strictEqual(items.length, 1 + 1 + tokensOfUser)
    }).pipe(Effect.provide(layer))
  )

  it.effect("a token ends with the key that it was made with, and with no other", () =>
    Effect.gen(function* () {
      const acme = yield* tenant("acme")
      const globex = yield* tenant("globex")
      const keys = yield* ApiKeys
      const scopes = ["turns", "act-as"]
      const server = (name: string, expiresAt?: number) =>
        keys
          .create({ name, scopes, ...(expiresAt === undefined ? {} : { expiresAt }) })
          .pipe(as(acme))
      const token = (secret: Redacted.Redacted) => keys.token("alice").pipe(as(secret))
      const kept = yield* server("kept")
      const leaked = yield* server("leaked")
      const brief = yield* server("brief", 60_000)
      const good = yield* token(kept.secret)
      const bad = yield* token(leaked.secret)
      const short = yield* token(brief.secret)
      assert.strictEqual(bad.key.madeBy, leaked.key.id)
      for (const { secret } of [good, bad, short]) yield* resolve(secret)
      yield* keys.revoke(leaked.key.id).pipe(as(acme))
      yield* resolve(good.secret)
      yield* resolve(short.secret)
      const refused = yield* Effect.flip(resolve(bad.secret))
      const unknown = yield* Effect.flip(resolve(Redacted.make("atr_unknown")))
      assert.deepStrictEqual([refused.message, refused.reason], [unknown.message, unknown.reason])
      yield* TestClock.adjust(60_000)
      yield* resolve(good.secret)
      yield* Effect.flip(resolve(short.secret))
      // A token of code in this process, which came with no key, ends by itself.
      const own = yield* keys
        .token("alice")
        .pipe(TenantResolver.provide({ tenant: "acme", scopes: ["turns", "act-as"] }))
      assert.isNull(own.key.madeBy)
      yield* resolve(own.secret)
      // A key is no token: it goes on without the one that made it.
      const operator = yield* keys
        .create({ name: "op", scopes: ["operator", "turns"] })
        .pipe(as(acme))
      const child = yield* keys.create({ name: "k", scopes: ["turns"] }).pipe(as(operator.secret))
      yield* keys.revoke(operator.key.id).pipe(as(acme))
      assert.isNull(child.key.madeBy)
      yield* resolve(child.secret)
      // What another tenant revokes is its own.
      yield* Effect.flip(keys.revoke(kept.key.id).pipe(as(globex)))
      yield* resolve(good.secret)
    }).pipe(Effect.provide(layer))
  )

  it.effect("where no key is asked for, a token would be somebody else: it is refused", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeys
      const refused = yield* keys
        .token("alice")
        .pipe(TenantResolver.provide({ tenant: "home", scopes: ["act-as", "turns"] }), Effect.flip)
      assert.deepStrictEqual(refused.reason, { _tag: "Unsupported", capability: "tokens" })
    }).pipe(
      Effect.provide(
        ApiKeys.layer.pipe(
          Layer.provideMerge(
            TenantResolver.layerSingle({ tenant: "home", scopes: ["act-as", "turns"] })
          ),
          Layer.provide(Storage.layerMemory)
        )
      )
    )
  )

  it.effect("claims are renewed while their tenant exists", () =>
    Effect.gen(function* () {
      yield* tenant("acme")
      const resolver = yield* TenantResolver
      const claims = { user: "alice", scopes: ["turns"] }
      const renewed = yield* resolver.renew({ ...claims, tenant: "acme" })
      assert.deepStrictEqual(shown(renewed), { ...claims, tenant: "acme" })
      const gone = yield* Effect.flip(resolver.renew({ ...claims, tenant: "globex" }))
      assert.strictEqual(gone.reason._tag, "Unauthenticated")
    }).pipe(Effect.provide(layer))
  )

  it.effect("what a key may not be named, hold or last is refused before it is made", () =>
    Effect.gen(function* () {
      const acme = yield* tenant("acme")
      const keys = yield* ApiKeys
      const good = { name: "k", scopes: ["turns"] }
      const bad = [
        { ...good, name: "" },
        { ...good, name: "x".repeat(257) },
        { ...good, name: "\ud800" },
        { ...good, scopes: [""] },
        { ...good, scopes: ["Operator"] },
        { ...good, scopes: ["turns operator"] },
        { ...good, scopes: Array.from({ length: 33 }, () => "turns") },
        { ...good, user: "" },
        { ...good, user: "a\u0000b" },
        { ...good, expiresAt: 0 },
        { ...good, expiresAt: 0.5 },
        { ...good, expiresAt: Number.NaN }
      ]
      for (const key of bad) {
        const refused = yield* Effect.flip(keys.create(key).pipe(as(acme)))
        assert.strictEqual(refused.reason._tag, "Rejected", JSON.stringify(key))
      }
      assert.strictEqual((yield* keys.list({}).pipe(as(acme))).items.length, 1)
    }).pipe(Effect.provide(layer))
  )
})
