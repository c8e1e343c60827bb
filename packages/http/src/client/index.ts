/** The client's side of @atrium/http: nothing of Node, nothing of the server. */
export { Api } from "../api/Api.ts"
export { Problem, type ProblemReason } from "../api/Problem.ts"
export type { ReadEvent, UnknownEvent } from "../api/TurnEvents.ts"
export { AtriumClient, type Client, type Options, type Routes } from "./AtriumClient.ts"
export type { BackOff, FollowError } from "./Follow.ts"
