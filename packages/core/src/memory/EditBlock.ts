/**
 * The one way in which a block changes, whoever changes it: read, apply, write with the revision it
 * is based on [MEM-3], kept as a change [MEM-5].
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { MemoryError, type Reason, StorageError } from "../errors.ts"
import type { BlockRecord, BlockWrite, Trust } from "../storage/BlockStore.ts"
import type { Storage } from "../storage/Storage.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { apply, type Edit } from "./Edit.ts"

/**
 * Who changes a block.
 * - `by`: the user or operator behind it, or the agent. `turnId`: the turn it happens in, if any.
 * - `trust`: in the text that comes.
 * - `operator`: may also write read-only blocks, and those that every user of an agent reads.
 */
export interface Writer {
  readonly by: string
  readonly turnId: string | null
  readonly trust: Trust
  readonly operator: boolean
}

const ranks: ReadonlyArray<Trust> = ["derived", "user", "operator"]

/** The less trusted of two: a text that holds both is trusted no more than that. */
export const lessTrusted = (one: Trust, other: Trust): Trust =>
  ranks.indexOf(one) < ranks.indexOf(other) ? one : other

/** Why `writer` may not write this block at all [MEM-2]. */
export const whyRefused = (
  { readOnly, userId }: BlockRecord,
  { operator }: Writer
): Reason | undefined =>
  (readOnly || userId === null) && !operator ? { _tag: "Forbidden", scope: "operator" } : undefined

/**
 * The write that `edit` stands for, or why it is refused. Pure, so that a turn can tell the model
 * first and write in its commit; whether the block is still what it was is decided by `write`.
 */
export const planWrite = (
  block: BlockRecord,
  edit: Edit,
  writer: Writer,
  at: number
): Result.Result<BlockWrite, Reason> => {
  const refused = whyRefused(block, writer)
  if (refused !== undefined) return Result.fail(refused)
  const { by, trust, turnId } = writer
  // A person vouches for a text that is all theirs; an agent in a turn has read what was there.
  const vouches = turnId === null && (edit._tag === "Rethink" || block.value === "")
  return Result.map(apply(block, edit), (value) => ({
    expected: block.revision,
    value,
    by,
    turnId,
    trust: vouches ? trust : lessTrusted(trust, block.trust),
    at
  }))
}

/** The block after `write`, which was planned for it. */
export const after = (block: BlockRecord, { at, trust, value }: BlockWrite): BlockRecord => ({
  ...block,
  value,
  trust,
  at,
  revision: block.revision + 1
})

/**
 * Writes, or fails: `Conflict`, with the revision that the block has now, where it is not the one
 * that was expected; `NotFound` where the scope sees no such block. Joins the transaction it is in.
 */
export const write = (
  storage: Storage["Service"],
  scope: TenantScope,
  id: string,
  change: BlockWrite
): Effect.Effect<void, StorageError> =>
  storage.transact(
    Effect.gen(function* () {
      const { blocks } = storage.stores
      const outcome = yield* blocks.write(scope, id, change)
      if (outcome === "written") return
      const now = yield* blocks.find(scope, id)
      return yield* StorageError.because(
        Option.isNone(now)
          ? { _tag: "NotFound", what: "block" }
          : { _tag: "Conflict", what: "block", revision: now.value.revision }
      )
    })
  )

/** A block that an edit leaves as it was is not written, and its revision stays. */
const isSame = (block: BlockRecord, { trust, value }: BlockWrite): boolean =>
  block.value === value && block.trust === trust

/** `planWrite`, failing with the reason. */
export const planEdit = (
  block: BlockRecord,
  edit: Edit,
  writer: Writer,
  at: number
): Effect.Effect<BlockWrite, MemoryError> =>
  Effect.fromResult(
    Result.mapError(planWrite(block, edit, writer, at), (reason) => MemoryError.because(reason))
  )

/**
 * Changes a block in one transaction, by the write that `planned` answers for the block as it is at
 * `at`, and answers it as it is then. With `expected` it must have that revision, else `Conflict`;
 * without, the change is made to what is there, and `Conflict` means that another writer came first,
 * so try again. `NotFound` where the scope sees no such block. May run inside another transaction.
 */
export const changeBlock = <E>(
  storage: Storage["Service"],
  scope: TenantScope,
  id: string,
  expected: number | undefined,
  planned: (block: BlockRecord, at: number) => Effect.Effect<BlockWrite, E>
): Effect.Effect<BlockRecord, E | MemoryError | StorageError> =>
  Effect.flatMap(Clock.currentTimeMillis, (at) =>
    storage.transact(
      Effect.gen(function* () {
        const found = yield* storage.stores.blocks.find(scope, id)
        if (Option.isNone(found))
          return yield* MemoryError.because({ _tag: "NotFound", what: "block" })
        const block = found.value
        if (expected !== undefined && expected !== block.revision) {
          return yield* MemoryError.because({
            _tag: "Conflict",
            what: "block",
            revision: block.revision
          })
        }
        const change = yield* planned(block, at)
        if (isSame(block, change)) return block
        yield* write(storage, scope, id, change)
        return after(block, change)
      })
    )
  )
