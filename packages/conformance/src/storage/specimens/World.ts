/** A world: one datum of every kind, written under one scope, and everything read back from it. */

import type { StorageError, TenancyError } from "@atrium/core/errors"
import type { MeterOf } from "@atrium/core/storage/LimitStore"
import type { Storage } from "@atrium/core/storage/Storage"
import type { Rate } from "@atrium/core/tenancy/Plan"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Samples from "../Samples.ts"
import { type Ids, planted } from "./Specimen.ts"

/** The rate on which a world counts; a world has counted two turns. */
export const rate: Rate = { turns: 5, windowMs: 60_000 }

/** The turn of a world. */
export const turnOf = (ids: Ids, owner: string | null) =>
  Samples.turn(ids.turn, ids.conversation, owner, { key: ids.turnKey, retryOf: planted })

/** The conversation of a world, with the turn in it. */
export const conversationOf = (ids: Ids, owner: string | null, title: string) =>
  Samples.conversation(ids.conversation, owner, {
    agentId: ids.agent,
    key: ids.conversationKey,
    title,
    position: 2,
    unended: 1,
    fence: 1
  })

/** Writes the world of `ids` under a scope of its user. */
export const plant = Effect.fnUntraced(function* (
  { stores }: Storage["Service"],
  scope: TenantScope,
  ids: Ids
): Effect.fn.Return<void, StorageError | TenancyError> {
  const { user } = ids
  yield* stores.users.save(scope, Samples.user(user, planted))
  yield* stores.keys.save(scope, Samples.key(ids.key, user, { name: planted, hash: ids.hash }))
  yield* stores.agents.save(scope, Samples.agent(ids.agent, user, { ref: planted }))
  yield* stores.bindings.pin(scope, { template: ids.template, owner: user }, ids.bound)
  yield* stores.bindings.attach(scope, { agentId: ids.bound, userId: user })
  yield* stores.conversations.resolve(scope, conversationOf(ids, user, planted))
  yield* stores.messages.append(scope, [
    Samples.messageAt(ids.conversation, user, 1, 0, planted),
    Samples.messageAt(ids.conversation, user, 1, 1, planted),
    Samples.messageAt(ids.conversation, user, 2, 0, planted)
  ])
  yield* stores.turns.insert(scope, turnOf(ids, user))
  yield* stores.turns.advance(scope, { ...turnOf(ids, user), sequence: 1 }, [
    Samples.fact(1, planted)
  ])
  for (const of of ["user", "tenant"] satisfies ReadonlyArray<MeterOf>) {
    yield* stores.limits.take(scope, of, rate, Samples.now)
    yield* stores.limits.take(scope, of, rate, Samples.now)
  }
})

/** Everything of the world that `scope` can see, as one text. */
export const readBack = Effect.fnUntraced(function* (
  { maintenance, stores }: Storage["Service"],
  scope: TenantScope,
  ids: Ids
): Effect.fn.Return<string, StorageError> {
  const { conversation, user } = ids
  const turn = yield* stores.turns.find(scope, ids.turn)
  const unended = yield* maintenance.listUnended({})
  const seen = [
    yield* stores.users.find(scope, user),
    yield* stores.users.list(scope, {}),
    yield* stores.keys.find(scope, ids.key),
    yield* stores.keys.list(scope, {}),
    yield* maintenance.findKey(ids.hash),
    yield* stores.limits.left(scope, "user", rate, Samples.now),
    yield* stores.agents.find(scope, ids.agent),
    yield* stores.agents.list(scope, {}),
    yield* stores.bindings.find(scope, { template: ids.template, owner: user }),
    yield* stores.bindings.list(scope, {}, {}),
    yield* stores.conversations.find(scope, conversation),
    yield* stores.conversations.list(scope, {}),
    yield* stores.messages.list(scope, conversation, {}),
    yield* stores.messages.recent(scope, conversation, 100, 100),
    turn,
    yield* stores.turns.findKeyed(scope, conversation, ids.turnKey),
    yield* stores.turns.unended(scope, conversation),
    Option.isSome(turn) ? yield* stores.turns.facts(scope, turn.value, 1) : "no turn",
    unended.items.filter(({ tenantId }) => tenantId === scope.tenantId)
  ]
  return seen.map((part) => JSON.stringify(part)).join("\n")
})
