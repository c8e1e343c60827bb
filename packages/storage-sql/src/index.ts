/** Every store of Atrium, written once on effect/sql. */
export type { Dialect, Explained } from "./Dialect.ts"
export type { Migration } from "./Migrations.ts"
export * as StorageSql from "./StorageSql.ts"
export type { Transactor, Use } from "./Transactor.ts"
