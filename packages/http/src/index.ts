/** Everything of @atrium/http but the client and Node's server, which have paths of their own. */
export { Api } from "./api/Api.ts"
export { Authorization } from "./api/Authorization.ts"
export { Problem } from "./api/Problem.ts"
export * as Routes from "./server/Routes.ts"
export * as Web from "./Web.ts"
