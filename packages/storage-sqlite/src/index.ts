/** Atrium's embedded storage. */
export * as Sqlite from "./Sqlite.ts"
