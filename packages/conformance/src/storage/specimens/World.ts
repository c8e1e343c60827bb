/** A world: one datum of every kind, written under one scope, and everything read back from it. */

import type { StorageError, TenancyError } from "@atrium/core/errors"
import type { Archive } from "@atrium/core/storage/Archive"
import type { MeterOf } from "@atrium/core/storage/LimitStore"
import type { Storage, Stores } from "@atrium/core/storage/Storage"
import type { Rate } from "@atrium/core/tenancy/Plan"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import type { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Samples from "../Samples.ts"
import { scopeOf } from "../Scopes.ts"
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

/** The block of a world. */
export const blockOf = (ids: Ids, owner: string | null) =>
  Samples.block(ids.block, owner, { agentId: ids.agent, label: "human", value: planted })

/** Stands in every item of every world. */
export const word = "kept"

/** The archives of a world: what its agent keeps of its user, and its conversation. */
export const archivesOf = (ids: Ids): ReadonlyArray<Archive> => [
  Samples.archive(ids.user, ids.agent),
  { kind: "conversation", id: ids.conversation, userId: ids.user }
]

/** Writes the world of `ids` under a scope of its user; its document, under one of the tenant. */
export const plant = Effect.fnUntraced(function* (
  { stores }: Storage["Service"],
  scope: TenantScope,
  ids: Ids
): Effect.fn.Return<void, StorageError | TenancyError, TenantResolver> {
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
  yield* plantMemory(stores, scope, ids)
  yield* stores.ledger.append(scope, [Samples.row(ids.turn, user, { conversationId: planted })])
  for (const of of ["user", "tenant"] satisfies ReadonlyArray<MeterOf>) {
    yield* stores.limits.take(scope, of, rate, Samples.now)
    yield* stores.limits.take(scope, of, rate, Samples.now)
  }
})

const plantMemory = Effect.fnUntraced(function* (stores: Stores, scope: TenantScope, ids: Ids) {
  const whole = yield* scopeOf(scope.tenantId)
  const document = Samples.document(ids.source, ids.document, { text: planted, title: planted })
  yield* stores.documents.save(whole, document)
  yield* stores.blocks.insert(scope, [{ ...blockOf(ids, ids.user), value: "before" }])
  yield* stores.blocks.write(scope, ids.block, Samples.write(1, planted, { by: planted }))
  for (const archive of archivesOf(ids)) {
    const items = [Samples.item(ids.passage, [word, planted]), Samples.item(planted, [word])]
    yield* stores.words.add(scope, archive, items, 3)
    yield* stores.passages.insert(scope, [
      Samples.passage(ids.passage, archive, { text: planted, tags: [planted] })
    ])
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
  const left = yield* maintenance.listLeft(Number.MAX_SAFE_INTEGER, {})
  const due = yield* maintenance.listDue(Number.MAX_SAFE_INTEGER, {})
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
    yield* stores.ledger.list(scope, {}),
    yield* stores.ledger.total(scope, 0, Number.MAX_SAFE_INTEGER),
    yield* stores.blocks.find(scope, ids.block),
    yield* stores.blocks.list(scope, ids.agent, null),
    yield* stores.blocks.list(scope, ids.agent, conversation),
    yield* stores.blocks.changes(scope, ids.block, 9, 9),
    yield* stores.passages.find(scope, [ids.passage]),
    yield* Effect.forEach(archivesOf(ids), (archive) => stores.passages.list(scope, archive, {})),
    yield* Effect.forEach(archivesOf(ids), (archive) =>
      stores.passages.list(scope, archive, { tags: [planted] })
    ),
    yield* stores.documents.find(scope, ids.source, ids.document),
    yield* stores.documents.list(scope, ids.source, {}),
    yield* stores.words.search(scope, archivesOf(ids), [word, planted], 100),
    yield* stores.words.marks(scope, archivesOf(ids)),
    [...left.items, ...due.items].filter(({ tenantId }) => tenantId === scope.tenantId)
  ]
  return seen.map((part) => JSON.stringify(part)).join("\n")
})
