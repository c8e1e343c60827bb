/** What was in a block before, and how to go back to it [MEM-5]. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { MemoryError, type Reason, rejected, type StorageError } from "../errors.ts"
import { defaultLimit, type Page } from "../Page.ts"
import type { BlockChange, BlockRecord, BlockWrite, Trust } from "../storage/BlockStore.ts"
import type { Storage } from "../storage/Storage.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { checkValue } from "./Edit.ts"
import { lessTrusted, type Writer, whyRefused } from "./EditBlock.ts"

/**
 * A revision of a block and the value it made. `by`: the user or operator behind it, or the agent;
 * `turnId`: the turn it was made in; `at`: milliseconds since 1970. All three are `None` for revision
 * 1, with which the block began, and `turnId` also for changes outside a turn.
 */
export interface Revision {
  readonly revision: number
  readonly value: string
  readonly by: Option.Option<string>
  readonly turnId: Option.Option<string>
  readonly at: Option.Option<number>
}

const revisionOf = (revision: number, value: string, change?: BlockChange): Revision => ({
  revision,
  value,
  by: Option.fromNullishOr(change?.by),
  turnId: Option.fromNullishOr(change?.turnId),
  at: Option.fromNullishOr(change?.at)
})

/** The revision that a cursor stands after, or `undefined` for what is no cursor of a history. */
export const revisionAt = (after: string): number | undefined =>
  /^[1-9]\d{0,14}$/.test(after) ? Number(after) : undefined

/** Revisions below `before`, newest first, at most `limit`. Read it in one transaction with `block`. */
export const history = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  scope: TenantScope,
  block: BlockRecord,
  before: number = block.revision + 1,
  limit: number = defaultLimit
): Effect.fn.Return<Page<Revision>, StorageError> {
  const newest = Math.min(before - 1, block.revision)
  // A change tells what it replaced, so the one above the newest tells the newest value.
  const read = yield* storage.stores.blocks.changes(scope, block.id, newest + 1, limit + 1)
  const changes = new Map(read.map((change) => [change.revision, change]))
  const items: Array<Revision> = []
  for (let revision = newest; revision >= 1 && items.length < limit; revision--) {
    const value = revision === block.revision ? block.value : changes.get(revision + 1)?.replaced
    if (value === undefined) break
    items.push(revisionOf(revision, value, changes.get(revision)))
  }
  const last = items[items.length - 1]?.revision ?? 1
  return { items, next: last > 1 ? Option.some(`${last}`) : Option.none() }
})

/** Only an operator can have written these from their beginning. */
const firstTrust = ({ readOnly, userId }: BlockRecord): Trust =>
  readOnly || userId === null ? "operator" : "user"

/** The write that makes revision `to` the newest one again; fails with why it is refused. */
export const planUndo = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  scope: TenantScope,
  block: BlockRecord,
  to: number,
  writer: Writer,
  at: number
): Effect.fn.Return<BlockWrite, MemoryError | StorageError> {
  const refused = whyRefused(block, writer) ?? whyNoTarget(block, to)
  if (refused !== undefined) return yield* MemoryError.because(refused)
  const [above, made] = yield* storage.stores.blocks.changes(scope, block.id, to + 1, 2)
  if (above?.revision !== to + 1) {
    return yield* MemoryError.because({ _tag: "Gone", what: "revision" })
  }
  const value = yield* Effect.fromResult(
    Result.mapError(checkValue(block, above.replaced), (reason) => MemoryError.because(reason))
  )
  const { by, turnId } = writer
  const trust = lessTrusted(writer.trust, made?.trust ?? firstTrust(block))
  return { expected: block.revision, value, by, turnId, trust, at }
})

const whyNoTarget = ({ label, revision }: BlockRecord, to: number): Reason | undefined =>
  Number.isInteger(to) && to >= 1 && to < revision
    ? undefined
    : rejected(
        "to",
        revision === 1
          ? `The block "${label}" was never changed.`
          : `The block "${label}" can go back to revision 1 to ${revision - 1}, not ${to}.`
      )
