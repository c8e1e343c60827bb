/** Memory blocks and every change that was made to them. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { StorageError } from "../errors.ts"
import { joinKey } from "../ids.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { agents } from "./AgentStore.ts"
import { owns, sees, userOf } from "./Confine.ts"
import { compareKeys, type KeyValueDriver, type Transaction, within } from "./KeyValue.ts"
import { everything, padded, table } from "./Table.ts"

const S = Schema.String
const N = Schema.Int

/** Where the text of a block comes from: it decides how a prompt may show it. */
export const Trust = Schema.Literals(["operator", "user", "derived"])
export type Trust = typeof Trust.Type

/**
 * A block as it is kept. Its place, (`agentId`, `userId`, `conversationId`, `label`), is unique.
 * - `userId`: whose it is; null for what every user of the agent reads.
 * - `conversationId`: the only conversation it is part of, or null for all of the agent's.
 * - `limit`: in characters (code points). `revision`: from 1, one more with every change.
 * - `at`: milliseconds since 1970 of the newest change.
 */
export const BlockRecord = Schema.Struct({
  id: S,
  agentId: S,
  userId: Schema.NullOr(S),
  conversationId: Schema.NullOr(S),
  label: S,
  description: S,
  value: S,
  owner: Schema.Literals(["agent", "user", "conversation", "group", "tenant"]),
  limit: N,
  readOnly: Schema.Boolean,
  revision: N,
  trust: Trust,
  at: N
})
export type BlockRecord = typeof BlockRecord.Type

/**
 * A change of a block: it made `revision` out of `replaced`, the value before it. What it made is
 * kept once, in the block itself or as what the next change replaced [MEM-5].
 * - `by`: the user or operator behind it, or the agent. `turnId`: the turn it was made in, if any.
 */
export const BlockChange = Schema.Struct({
  revision: N,
  replaced: S,
  by: S,
  turnId: Schema.NullOr(S),
  trust: Trust,
  at: N
})
export type BlockChange = typeof BlockChange.Type

/** A value to write, and the revision it is based on. */
export interface BlockWrite {
  readonly expected: number
  readonly value: string
  readonly by: string
  readonly turnId: string | null
  readonly trust: Trust
  readonly at: number
}

/** A scope with a user sees that user's blocks and those that no user owns. */
export interface BlockStore {
  /**
   * Writes each block whose id and place are free and that the scope owns. A block that no user owns
   * and that is of no conversation is written under a user's scope too, because the first user of a
   * shared agent makes them; of an agent that is another user's it is not.
   */
  readonly insert: (
    scope: TenantScope,
    blocks: ReadonlyArray<BlockRecord>
  ) => Effect.Effect<void, StorageError>
  readonly find: (
    scope: TenantScope,
    id: string
  ) => Effect.Effect<Option.Option<BlockRecord>, StorageError>
  /**
   * What a prompt of the scope's user in a conversation holds: by their owners the agent's own blocks,
   * then the user's, then the conversation's, each in byte order of their labels (equal ones by user
   * and conversation, none first). Without a conversation those of all; without a user in the scope
   * those that no user owns.
   */
  readonly list: (
    scope: TenantScope,
    agentId: string,
    conversationId: string | null
  ) => Effect.Effect<ReadonlyArray<BlockRecord>, StorageError>
  /**
   * Replaces the value, counts the revision and keeps what was replaced. `conflict`, and nothing
   * written, where the block has another revision than `expected` [MEM-3]; `absent` where the scope
   * sees no such block.
   */
  readonly write: (
    scope: TenantScope,
    id: string,
    change: BlockWrite
  ) => Effect.Effect<"written" | "conflict" | "absent", StorageError>
  /** Changes up to revision `upTo`, newest first, at most `limit`. */
  readonly changes: (
    scope: TenantScope,
    id: string,
    upTo: number,
    limit: number
  ) => Effect.Effect<ReadonlyArray<BlockChange>, StorageError>
  /**
   * Removes the agent's blocks that the scope owns, with their changes: all of them, or those of one
   * conversation. Their ids and places are free again.
   */
  readonly clear: (
    scope: TenantScope,
    agentId: string,
    conversationId: string | null
  ) => Effect.Effect<void, StorageError>
}

const blocks = table("block", BlockRecord)
/** Block ids by place: agent, user, conversation, label; what nobody owns comes first. */
const places = table("block-place", S)
/** Block ids by conversation, whosever they are. */
const ofConversation = table("block-of", S)
const changes = table("block-change", BlockChange)

const placeOf = (scope: TenantScope, block: BlockRecord) => [
  scope.tenantId,
  block.agentId,
  block.userId ?? "",
  block.conversationId ?? "",
  block.label
]

const visible = (tx: Transaction, scope: TenantScope, id: string) =>
  Effect.map(
    blocks.get(tx, [scope.tenantId, id]),
    Option.filter((block) => sees(scope, block.userId))
  )

/** What more share comes first, so that prompts begin alike. */
const owners: ReadonlyArray<BlockRecord["owner"]> = [
  "tenant",
  "group",
  "agent",
  "user",
  "conversation"
]

const inOrder = (a: BlockRecord, b: BlockRecord): number =>
  owners.indexOf(a.owner) - owners.indexOf(b.owner) || compareKeys(orderKey(a), orderKey(b))

const orderKey = ({ conversationId, label, userId }: BlockRecord) =>
  joinKey(label, userId ?? "", conversationId ?? "")

/** True when the scope may make the block. */
const makes = (tx: Transaction, scope: TenantScope, block: BlockRecord) =>
  owns(scope, block.userId)
    ? Effect.succeed(true)
    : block.userId !== null || block.conversationId !== null
      ? Effect.succeed(false)
      : Effect.map(agents.get(tx, [scope.tenantId, block.agentId]), (agent) =>
          Option.match(agent, { onNone: () => true, onSome: ({ owner }) => sees(scope, owner) })
        )

export const makeBlockStore = (driver: KeyValueDriver): BlockStore => {
  const placed = (
    tx: Transaction,
    scope: TenantScope,
    path: ReadonlyArray<string>,
    from = places
  ) =>
    Effect.flatMap(everything(from, tx, [scope.tenantId, ...path]), (rows) =>
      Effect.map(
        Effect.forEach(rows, ({ record }) => visible(tx, scope, record)),
        (found) => found.flatMap(Option.toArray)
      )
    )
  return {
    insert: (scope, records) =>
      within(
        driver,
        Effect.fnUntraced(function* (tx) {
          for (const block of records) {
            const place = placeOf(scope, block)
            if (!(yield* makes(tx, scope, block))) continue
            if (Option.isSome(yield* places.get(tx, place))) continue
            if (Option.isSome(yield* blocks.get(tx, [scope.tenantId, block.id]))) continue
            places.set(tx, place, block.id)
            blocks.set(tx, [scope.tenantId, block.id], block)
            if (block.conversationId !== null) {
              ofConversation.set(tx, [scope.tenantId, block.conversationId, block.id], block.id)
            }
          }
        })
      ),
    find: (scope, id) => within(driver, (tx) => visible(tx, scope, id)),
    list: (scope, agentId, conversationId) =>
      within(
        driver,
        Effect.fnUntraced(function* (tx) {
          const ends =
            conversationId === null ? [[]] : [...new Set(["", conversationId])].map((end) => [end])
          const paths = [...new Set(["", userOf(scope)])].flatMap((user) =>
            ends.map((end) => [agentId, user, ...end])
          )
          const found = yield* Effect.forEach(paths, (path) => placed(tx, scope, path))
          return found.flat().sort(inOrder)
        })
      ),
    write: (scope, id, { at, by, expected, trust, turnId, value }) =>
      within(
        driver,
        Effect.fnUntraced(function* (tx) {
          const found = yield* visible(tx, scope, id)
          if (Option.isNone(found)) return "absent"
          const block = found.value
          if (block.revision !== expected) return "conflict"
          const revision = expected + 1
          blocks.set(tx, [scope.tenantId, id], { ...block, value, trust, revision, at })
          changes.set(tx, [scope.tenantId, id, padded(revision)], {
            revision,
            replaced: block.value,
            by,
            turnId,
            trust,
            at
          })
          return "written"
        })
      ),
    changes: (scope, id, upTo, limit) =>
      within(
        driver,
        Effect.fnUntraced(function* (tx) {
          if (Option.isNone(yield* visible(tx, scope, id))) return []
          const rows = yield* changes.scan(tx, [scope.tenantId, id], {
            after: padded(upTo + 1),
            limit,
            reverse: true
          })
          return rows.map(({ record }) => record)
        })
      ),
    clear: (scope, agentId, conversationId) =>
      within(
        driver,
        Effect.fnUntraced(function* (tx) {
          const found =
            conversationId === null
              ? yield* placed(tx, scope, [agentId, ...Option.toArray(scope.userId)])
              : yield* placed(tx, scope, [conversationId], ofConversation)
          for (const block of found) {
            if (block.agentId !== agentId || !owns(scope, block.userId)) continue
            for (const { rest } of yield* everything(changes, tx, [scope.tenantId, block.id])) {
              changes.remove(tx, [scope.tenantId, block.id, rest])
            }
            places.remove(tx, placeOf(scope, block))
            blocks.remove(tx, [scope.tenantId, block.id])
            if (block.conversationId !== null) {
              ofConversation.remove(tx, [scope.tenantId, block.conversationId, block.id])
            }
          }
        })
      )
  }
}
