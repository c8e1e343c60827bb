/** Who a user is: named, default or refused, before anything is read or run. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Conversations } from "../src/conversations/Conversations.ts"
import { ConversationId } from "../src/ids.ts"
import { Storage } from "../src/storage/Storage.ts"
import { Principal } from "../src/tenancy/Principal.ts"
import { TenantResolver } from "../src/tenancy/TenantResolver.ts"
import { Users } from "../src/tenancy/Users.ts"
import { Turns } from "../src/turns/Turns.ts"
import { app, runs } from "./turns-app.ts"

const operator = TenantResolver.provide({ tenant: "acme", user: "op", scopes: ["operator"] })

/** Names of the store methods that were called, and whether each came with a sealed scope. */
const spied = (calls: Array<{ readonly method: string; readonly tenant: unknown }>) => {
  const watch = <S extends object>(name: string, store: S): S =>
    new Proxy(store, {
      get: (target, key, receiver) => {
        const method: unknown = Reflect.get(target, key, receiver)
        if (typeof method !== "function") return method
        return (...args: ReadonlyArray<unknown>) => {
          const [scope] = args
          const tenant =
            typeof scope === "object" && scope !== null && Object.isFrozen(scope)
              ? Reflect.get(scope, "tenantId")
              : undefined
          calls.push({ method: `${name}.${String(key)}`, tenant })
          return Reflect.apply(method, target, args)
        }
      }
    })
  return Layer.effect(
    Storage,
    Effect.map(Storage, (storage) => ({
      ...storage,
      stores: {
        users: watch("users", storage.stores.users),
        keys: watch("keys", storage.stores.keys),
        limits: watch("limits", storage.stores.limits),
        agents: watch("agents", storage.stores.agents),
        bindings: watch("bindings", storage.stores.bindings),
        conversations: watch("conversations", storage.stores.conversations),
        messages: watch("messages", storage.stores.messages),
        turns: watch("turns", storage.stores.turns),
        ledger: watch("ledger", storage.stores.ledger),
        blocks: watch("blocks", storage.stores.blocks),
        passages: watch("passages", storage.stores.passages),
        documents: watch("documents", storage.stores.documents),
        words: watch("words", storage.stores.words)
      }
    }))
  ).pipe(Layer.provide(Storage.layerMemory))
}

const converse = Effect.gen(function* () {
  const conversations = yield* Conversations
  const turns = yield* Turns
  const { id, userId } = yield* conversations.resolve("helper")
  const { text } = yield* turns.ask({ conversation: id, text: "hello" })
  return { text, user: `${Option.getOrUndefined(userId)}` }
})

describe("users", () => {
  it.effect("[078] no or an empty user is the default one in an app of a single tenant", () =>
    Effect.gen(function* () {
      for (const claims of [{}, { user: "" }]) {
        const said = yield* converse.pipe(
          TenantResolver.provide({ tenant: "home", scopes: ["turns"], ...claims })
        )
        assert.deepStrictEqual(said, { text: "re: hello", user: "default" })
      }
      const strange = yield* converse.pipe(
        TenantResolver.provide({ tenant: "elsewhere", scopes: ["turns"] }),
        Effect.flip
      )
      assert.strictEqual(strange.reason._tag, "Unauthenticated")
    }).pipe(Effect.provide(app(TenantResolver.layerSingle({ tenant: "home", scopes: ["turns"] }))))
  )

  it.effect("[078][088] where there are tenants, no or an empty user is refused", () =>
    Effect.gen(function* () {
      const before = runs.length
      for (const claims of [{}, { user: "" }]) {
        const refused = yield* converse.pipe(
          TenantResolver.provide({ tenant: "acme", scopes: ["turns"], ...claims }),
          Effect.flip
        )
        assert.deepStrictEqual(refused.reason, {
          _tag: "Rejected",
          field: "userID",
          why: "userID cannot be empty"
        })
      }
      assert.strictEqual(runs.length, before)
    }).pipe(Effect.provide(app()))
  )

  it.effect(
    "[081] in a whole turn no store is called without a scope of the caller's tenant",
    () => {
      const calls: Array<{ readonly method: string; readonly tenant: unknown }> = []
      return Effect.gen(function* () {
        yield* converse.pipe(
          TenantResolver.provide({ tenant: "acme", user: "a", scopes: ["turns"] })
        )
        assert.isAbove(calls.length, 10)
        for (const { method, tenant } of calls) assert.strictEqual(tenant, "acme", method)
      }).pipe(Effect.provide(app(TenantResolver.layerTrusted, spied(calls))))
    }
  )

  it.effect("[089] ids and inputs that are refused are so before any store or model call", () => {
    const calls: Array<{ readonly method: string; readonly tenant: unknown }> = []
    return Effect.gen(function* () {
      const before = runs.length
      const conversation = ConversationId("conv")
      const refused = (claims: { tenant?: string; user?: string }, text = "hello", id?: string) =>
        Effect.flatMap(Turns, (turns) =>
          turns.send({ conversation, text, ...(id === undefined ? {} : { id }) })
        ).pipe(
          TenantResolver.provide({ tenant: "acme", user: "a", scopes: ["turns"], ...claims }),
          Effect.flip
        )
      const reasons = yield* Effect.all([
        refused({ user: "" }),
        refused({ user: "x".repeat(256) }),
        refused({ user: "a\u0000b" }),
        refused({ tenant: "" }),
        refused({}, ""),
        refused({}, "x".repeat(100_001)),
        refused({}, "\ud800"),
        refused({}, "hello", ""),
        refused({}, "hello", "x".repeat(65))
      ])
      assert.isTrue(reasons.every(({ reason }) => reason._tag === "Rejected"))
      assert.lengthOf(calls, 0)
      assert.strictEqual(runs.length, before)
    }).pipe(Effect.provide(app(TenantResolver.layerTrusted, spied(calls))))
  })

  it.effect("[086] ids in the usual forms are users of their own", () =>
    Effect.gen(function* () {
      const ids = [
        "user-5f0c9e2e-6f2b-4c8e-9d6f-0a1b2c3d4e5f",
        "org-acme-user-7",
        "org-acme-user-70",
        "tenant-1"
      ]
      const users = yield* Users
      for (const id of ids) {
        yield* users.save({ id, name: `name of ${id}`, properties: {} }).pipe(operator)
      }
      for (const id of ids) {
        const me = TenantResolver.provide({ tenant: "acme", user: id, scopes: [] })
        assert.strictEqual((yield* users.find(id).pipe(me)).name, `name of ${id}`)
        for (const other of ids.filter((other) => other !== id)) {
          const refused = yield* Effect.flip(users.find(other).pipe(me))
          assert.strictEqual(refused.reason._tag, "NotFound")
        }
      }
    }).pipe(Effect.provide(app()))
  )

  it.effect("[017] a user has at most 32 properties of 256 characters, of three types", () =>
    Effect.gen(function* () {
      const users = yield* Users
      const save = (properties: Record<string, string | number | boolean>, name = "name") =>
        users
          .save({ id: "a", name, properties })
          .pipe(
            operator,
            Effect.match({ onFailure: ({ reason }) => reason._tag, onSuccess: () => "saved" })
          )
      const many = (n: number) =>
        Object.fromEntries(Array.from({ length: n }, (_, i) => [`key ${i}`, i]))
      assert.strictEqual(yield* save(many(32)), "saved")
      assert.strictEqual(yield* save(many(33)), "Rejected")
      assert.strictEqual(yield* save({ text: "x".repeat(256) }), "saved")
      assert.strictEqual(yield* save({ text: "x".repeat(257) }), "Rejected")
      assert.strictEqual(yield* save({ number: Number.NaN }), "Rejected")
      assert.strictEqual(yield* save({ "": true }), "Rejected")
      assert.strictEqual(yield* save({}, "x".repeat(257)), "Rejected")
    }).pipe(Effect.provide(app()))
  )

  it.effect("[082] the user is the call's: two calls at once cannot cross", () =>
    Effect.gen(function* () {
      const callers = yield* Effect.forEach(
        Array.from({ length: 50 }, (_, n) => `user ${n}`),
        (user) =>
          Effect.gen(function* () {
            const before = yield* Principal
            yield* Effect.yieldNow
            const said = yield* converse
            const after = yield* Principal
            return [user, said.user, before === after] as const
          }).pipe(TenantResolver.provide({ tenant: "acme", user, scopes: ["turns"] })),
        { concurrency: "unbounded" }
      )
      for (const [user, seen, same] of callers) assert.deepStrictEqual([seen, same], [user, true])
    }).pipe(Effect.provide(app()))
  )
})
