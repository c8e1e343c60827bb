/** What must not compile: a turn, a conversation or an agent without a caller, or under another id. */
import { assert, it } from "@effect/vitest"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Agents } from "../src/agents/Agents.ts"
import type { Bindings } from "../src/agents/Bindings.ts"
import type { Conversations } from "../src/conversations/Conversations.ts"
import type { AgentId, ConversationId, TurnId, UserId } from "../src/ids.ts"
import type { ApiKeys } from "../src/tenancy/ApiKeys.ts"
import type { Limits } from "../src/tenancy/Limits.ts"
import type { Permissions } from "../src/tenancy/Permissions.ts"
import type { Principal } from "../src/tenancy/Principal.ts"
import type { Users } from "../src/tenancy/Users.ts"
import type { Turns } from "../src/turns/Turns.ts"

type Services<T> = T extends (...args: never) => infer R
  ? Services<R>
  : T extends Effect.Effect<unknown, unknown, infer R>
    ? R
    : T extends Stream.Stream<unknown, unknown, infer R>
      ? R
      : never

/** The names of the members of a facade that ask for anything but exactly a Principal. */
type Unscoped<S> = {
  [K in keyof S]: [Services<S[K]>] extends [Principal]
    ? [Principal] extends [Services<S[K]>]
      ? never
      : K
    : K
}[keyof S]

it("[071][094] every method of every facade needs a Principal", () => {
  const none: [
    Unscoped<Turns["Service"]>,
    Unscoped<Conversations["Service"]>,
    Unscoped<Agents["Service"]>,
    Unscoped<Bindings["Service"]>,
    Unscoped<Users["Service"]>,
    Unscoped<Permissions["Service"]>,
    Unscoped<Limits["Service"]>,
    Unscoped<ApiKeys["Service"]>
  ] extends [never, never, never, never, never, never, never, never]
    ? true
    : false = true
  assert.isTrue(none)
})

it("[039] an id of one kind is none of another", () => {
  type Distinct<A, B> = A extends B ? false : B extends A ? false : true
  const distinct: [
    Distinct<TurnId, ConversationId>,
    Distinct<UserId, AgentId>,
    Distinct<ConversationId, AgentId>
  ] = [true, true, true]
  assert.deepStrictEqual(distinct, [true, true, true])
})
