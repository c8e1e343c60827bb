/** The storage port over an SQL database. */
import type { StorageError } from "@atrium/core/errors"
import type { Durability } from "@atrium/core/storage/KeyValue"
import { Storage } from "@atrium/core/storage/Storage"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Dialect } from "./Dialect.ts"
import { type Migration, migrate } from "./Migrations.ts"
import { stores } from "./migrations/stores.ts"
import * as Statement from "./Statement.ts"
import { makeAgentStore } from "./stores/Agents.ts"
import { makeBindingStore } from "./stores/Bindings.ts"
import { makeBlockStore } from "./stores/Blocks.ts"
import { makeConversationStore } from "./stores/Conversations.ts"
import { makeDocumentStore } from "./stores/Documents.ts"
import { makeKeyStore } from "./stores/Keys.ts"
import { makeLedgerStore } from "./stores/Ledger.ts"
import { makeLimitStore } from "./stores/Limits.ts"
import { makeMaintenanceStore } from "./stores/Maintenance.ts"
import { makeMessageStore } from "./stores/Messages.ts"
import { makePassageStore } from "./stores/Passages.ts"
import { makeTurnStore } from "./stores/Turns.ts"
import { makeUserStore } from "./stores/Users.ts"
import { makeWordStore } from "./stores/Words.ts"
import type { Transactor } from "./Transactor.ts"

/**
 * What a database is to be used with.
 * - `durability`: what an acknowledged commit of the transactor survives.
 * - `owners`: whether several processes may have the database open.
 * - `migrations`: for tests only; those of this version otherwise.
 */
export interface Options {
  readonly dialect: Dialect
  readonly transactor: Transactor
  readonly durability: Durability
  readonly owners: "one" | "many"
  readonly migrations?: ReadonlyArray<Migration>
}

/** The versions of the layout, in order. */
export const migrations: ReadonlyArray<Migration> = [stores]

/** Every store over a database that is at this version. */
export const make = (options: Options): Effect.Effect<Storage["Service"], StorageError> => {
  const sql = Statement.make(options.dialect, options.transactor)
  return Effect.as(migrate(sql, options.migrations ?? migrations), {
    durability: options.durability,
    owners: options.owners,
    transact: sql.transact,
    stores: {
      users: makeUserStore(sql),
      keys: makeKeyStore(sql),
      limits: makeLimitStore(sql),
      agents: makeAgentStore(sql),
      bindings: makeBindingStore(sql),
      conversations: makeConversationStore(sql),
      messages: makeMessageStore(sql),
      turns: makeTurnStore(sql),
      ledger: makeLedgerStore(sql),
      blocks: makeBlockStore(sql),
      passages: makePassageStore(sql),
      documents: makeDocumentStore(sql),
      words: makeWordStore(sql)
    },
    maintenance: makeMaintenanceStore(sql)
  })
}

/** A storage over the database that `open` opens for the layer's life. */
export const layer = <E, R>(
  open: Effect.Effect<Options, E, R>
): Layer.Layer<Storage, E | StorageError, Exclude<R, Scope.Scope>> =>
  Layer.effect(Storage, Effect.flatMap(open, make))
