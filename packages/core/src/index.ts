/** Everything of @atrium/core. Programs that start fast import the modules by their paths. */

export * as Atrium from "./Atrium.ts"
export * as Errors from "./errors.ts"
export * as Ids from "./ids.ts"
export { Storage } from "./storage/Storage.ts"
export { Principal } from "./tenancy/Principal.ts"
export { TenantResolver } from "./tenancy/TenantResolver.ts"
