/** Storages that are broken on purpose, each with the rules it must fail. */
import type { Subject } from "@atrium/conformance"
import { Storage, type Stores } from "@atrium/core/storage/Storage"
import type { Caller, TenantScope } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import type { Broken } from "../Trial.ts"

export type Service = Storage["Service"]

/** A broken storage. `ofMethod`: the one method that is broken, where it was made for every method. */
export interface Mutant extends Broken {
  readonly ofMethod?: string
  readonly subject: Subject<unknown>
}

/** The in-memory storage with `change` made to it, for each place anew. */
export const mutant = (
  name: string,
  fails: ReadonlyArray<string>,
  change: (storage: Service) => Service
): Mutant => ({
  name,
  fails,
  subject: {
    layer: () =>
      Layer.effect(Storage, Effect.map(Storage, change)).pipe(Layer.provide(Storage.layerMemory)),
    reopen: false
  }
})

/** `storage` with some methods of its stores exchanged. */
export const exchange = (
  storage: Service,
  methods: { readonly [Store in keyof Stores]?: Partial<Stores[Store]> }
): Service => {
  const { stores } = storage
  return {
    ...storage,
    stores: {
      users: { ...stores.users, ...methods.users },
      keys: { ...stores.keys, ...methods.keys },
      limits: { ...stores.limits, ...methods.limits },
      agents: { ...stores.agents, ...methods.agents },
      bindings: { ...stores.bindings, ...methods.bindings },
      conversations: { ...stores.conversations, ...methods.conversations },
      messages: { ...stores.messages, ...methods.messages },
      turns: { ...stores.turns, ...methods.turns },
      ledger: { ...stores.ledger, ...methods.ledger },
      blocks: { ...stores.blocks, ...methods.blocks },
      passages: { ...stores.passages, ...methods.passages },
      documents: { ...stores.documents, ...methods.documents },
      words: { ...stores.words, ...methods.words }
    }
  }
}

type Args = ReadonlyArray<unknown>
type Run = (args: Args) => Effect.Effect<unknown, unknown>

/**
 * `storage` with every call of a store or of maintenance led through `through`, which is told the
 * method, such as `users.find`, its arguments, and how to go on.
 */
export const intercept = (
  storage: Service,
  through: (method: string, args: Args, run: Run) => Effect.Effect<unknown, unknown>
): Service => {
  const led = <Methods extends object>(store: string, methods: Methods): Methods =>
    new Proxy(methods, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== "function") return method
        const run: Run = (args) => Reflect.apply(method, target, args)
        return (...args: Args) => through(`${store}.${String(name)}`, args, run)
      }
    })
  const { stores } = storage
  return {
    ...storage,
    maintenance: led("maintenance", storage.maintenance),
    stores: {
      users: led("users", stores.users),
      keys: led("keys", stores.keys),
      limits: led("limits", stores.limits),
      agents: led("agents", stores.agents),
      bindings: led("bindings", stores.bindings),
      conversations: led("conversations", stores.conversations),
      messages: led("messages", stores.messages),
      turns: led("turns", stores.turns),
      ledger: led("ledger", stores.ledger),
      blocks: led("blocks", stores.blocks),
      passages: led("passages", stores.passages),
      documents: led("documents", stores.documents),
      words: led("words", stores.words)
    }
  }
}

const resolver = Effect.runSync(
  Effect.provide(
    Effect.map(TenantResolver, (service) => service),
    TenantResolver.layerTrusted
  )
)

/** A scope, at once. */
export const scopeOf = (tenant: string, user?: string): Caller =>
  Effect.runSync(
    resolver
      .renew(user === undefined ? { tenant, scopes: [] } : { tenant, user, scopes: [] })
      .pipe(Effect.provideService(References.MinimumLogLevel, "Error"))
  )

/** Whether an argument is the scope of a call. */
export const isScope = (value: unknown): value is TenantScope =>
  typeof value === "object" && value !== null && "tenantId" in value && "userId" in value

/** Runs `self` apart from the transaction it is called in. */
export const apart = <A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.flatMap(
    Effect.promise(() => Effect.runPromiseExit(self)),
    (exit) => exit
  )
