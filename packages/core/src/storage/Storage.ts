/**
 * The storage port. Two ways to contribute one, both small: an ordered key-value driver, over which
 * `Storage.layerKeyValue` lifts every store, or an SQL dialect (package storage-sql).
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type { StorageError } from "../errors.ts"
import type { By, Page } from "../Page.ts"
import { Tenant } from "../tenancy/Tenant.ts"
import { type AgentStore, makeAgentStore } from "./AgentStore.ts"
import { type BindingStore, makeBindingStore } from "./BindingStore.ts"
import { type BlockStore, makeBlockStore } from "./BlockStore.ts"
import {
  type ConversationStore,
  makeConversationStore,
  makeUnendedLists,
  type Unended
} from "./ConversationStore.ts"
import { type DocumentStore, makeDocumentStore } from "./DocumentStore.ts"
import { findKeyByHash, type KeyRecord, type KeyStore, makeKeyStore } from "./KeyStore.ts"
import { type Durability, type KeyValueDriver, transact, within } from "./KeyValue.ts"
import { type LedgerStore, makeLedgerStore } from "./LedgerStore.ts"
import { type LimitStore, makeLimitStore, purgeLimits } from "./LimitStore.ts"
import * as MemoryDriver from "./MemoryDriver.ts"
import { type MessageStore, makeMessageStore } from "./MessageStore.ts"
import { makePassageStore, type PassageStore } from "./PassageStore.ts"
import { page, table } from "./Table.ts"
import { makeTurnStore, type TurnStore } from "./TurnStore.ts"
import { makeUserStore, type UserStore } from "./UserStore.ts"
import { makeWordStore, type WordStore } from "./WordStore.ts"

/** Every store takes a sealed scope first and confines what it reads and writes to it [ISO-1]. */
export interface Stores {
  readonly users: UserStore
  readonly keys: KeyStore
  readonly limits: LimitStore
  readonly agents: AgentStore
  readonly bindings: BindingStore
  readonly conversations: ConversationStore
  readonly messages: MessageStore
  readonly turns: TurnStore
  readonly ledger: LedgerStore
  readonly blocks: BlockStore
  readonly passages: PassageStore
  readonly documents: DocumentStore
  readonly words: WordStore
}

/** What spans tenants: for boot and background work, out of reach of requests. */
export interface MaintenanceStore {
  readonly saveTenant: (tenant: Tenant) => Effect.Effect<void, StorageError>
  readonly findTenant: (id: string) => Effect.Effect<Option.Option<Tenant>, StorageError>
  readonly listTenants: (by: By) => Effect.Effect<Page<Tenant>, StorageError>
  /** The key whose secret has this SHA-256, whatever its tenant. */
  readonly findKey: (hash: string) => Effect.Effect<Option.Option<KeyRecord>, StorageError>
  /**
   * Conversations with unended turns and an owner whose lease runs out by `until`. Where one process
   * owns the storage it is asked for once, at boot, and may read every conversation.
   */
  readonly listLeft: (until: number, by: By) => Effect.Effect<Page<Unended>, StorageError>
  /**
   * Conversations with unended turns and no owner: they waited for a person, until `until` at most.
   * Asked for every few seconds: its price follows what it finds, not what waits longer.
   */
  readonly listDue: (until: number, by: By) => Effect.Effect<Page<Unended>, StorageError>
  /** Forgets counted turns older than `before`, at most `limit`; tells how many. */
  readonly purgeLimits: (before: number, limit: number) => Effect.Effect<number, StorageError>
}

export class Storage extends Context.Service<
  Storage,
  {
    /** What an acknowledged commit survives: a power cut, a killed process, or neither. */
    readonly durability: Durability
    /** `many`: several processes may have this storage open, so leases must run out. */
    readonly owners: "one" | "many"
    /**
     * Runs `self` as one transaction: what it wrote is there together when it succeeds, and not at
     * all when it fails. `self` must do nothing but read and write stores, because it may run more
     * than once. Nested, it joins the outer one.
     */
    readonly transact: <A, E, R>(
      self: Effect.Effect<A, E, R>
    ) => Effect.Effect<A, E | StorageError, R>
    readonly stores: Stores
    readonly maintenance: MaintenanceStore
  }
>()("@atrium/core/storage/Storage") {
  /** Every store, lifted over a key-value driver. */
  static readonly layerKeyValue = <E, R>(
    driver: Effect.Effect<KeyValueDriver, E, R>
  ): Layer.Layer<Storage, E, Exclude<R, import("effect/Scope").Scope>> =>
    Layer.effect(Storage, Effect.map(driver, lift))

  /** A storage in memory: the lift over a sorted map, gone with the process. */
  static readonly layerMemory: Layer.Layer<Storage> = Layer.effect(
    Storage,
    Effect.sync(() => lift(MemoryDriver.make()))
  )
}

const tenants = table("tenant", Tenant)

/** The storage over `driver`. */
export const lift = (driver: KeyValueDriver): Storage["Service"] => ({
  durability: driver.durability,
  owners: driver.owners,
  transact: transact(driver),
  stores: {
    users: makeUserStore(driver),
    keys: makeKeyStore(driver),
    limits: makeLimitStore(driver),
    agents: makeAgentStore(driver),
    bindings: makeBindingStore(driver),
    conversations: makeConversationStore(driver),
    messages: makeMessageStore(driver),
    turns: makeTurnStore(driver),
    ledger: makeLedgerStore(driver),
    blocks: makeBlockStore(driver),
    passages: makePassageStore(driver),
    documents: makeDocumentStore(driver),
    words: makeWordStore(driver)
  },
  maintenance: {
    saveTenant: (tenant) =>
      within(driver, (tx) => Effect.sync(() => tenants.set(tx, ["", tenant.id], tenant))),
    findTenant: (id) => within(driver, (tx) => tenants.get(tx, ["", id])),
    listTenants: (by) => within(driver, (tx) => page(tenants, tx, [""], by)),
    findKey: (hash) => findKeyByHash(driver, hash),
    ...makeUnendedLists(driver),
    purgeLimits: (before, limit) => purgeLimits(driver, before, limit)
  }
})
