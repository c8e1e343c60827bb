/** The blocks that an agent, a user or a conversation begins with, from a template. */
import type { AgentTemplate, BlockTemplate, Owner } from "@atrium/core/agents/AgentTemplate"
import type { Unbound } from "@atrium/core/backend/AgentBackend"
import { BackendError, rejected, type StorageError } from "@atrium/core/errors"
import { fresh } from "@atrium/core/ids"
import { defaultBlockLimit } from "@atrium/core/memory/Block"
import { lengthOf } from "@atrium/core/memory/Edit"
import type { BlockRecord } from "@atrium/core/storage/BlockStore"
import type { Storage } from "@atrium/core/storage/Storage"
import type { User } from "@atrium/core/tenancy/User"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const placeholder = /\{user\.(id|name)\}/g

/** What a template says of a user whose name nobody saved. */
const unknownName = "unknown"

const ownerOf = ({ owner = "agent" }: BlockTemplate): Owner => owner

/** Where a new block goes: whose it is, and in which conversation. */
interface Place {
  readonly owner: BlockRecord["owner"]
  readonly userId: string | null
  readonly conversationId: string | null
}

const tooLong = ({ label }: BlockTemplate, length: number, limit: number) =>
  BackendError.because(
    rejected(
      "template.blocks",
      `The block "${label}" of the template has ${length} characters, its limit is ${limit}. Shorten it, or raise its limit.`
    )
  )

/** The value with the user filled in; a long name is cut where the limit ends. */
const filledIn = (block: BlockTemplate, limit: number, user: User | undefined): string => {
  if (user === undefined) return block.value
  const filled = block.value.replace(placeholder, (_, field: string) =>
    field === "id" ? user.id : user.name
  )
  return Array.from(filled).slice(0, limit).join("")
}

const recordOf = Effect.fnUntraced(function* (
  block: BlockTemplate,
  agentId: string,
  { conversationId, owner, userId }: Place,
  user: User | undefined
): Effect.fn.Return<BlockRecord, BackendError> {
  const limit = block.limit ?? defaultBlockLimit
  const length = lengthOf(user === undefined ? block.value : block.value.replace(placeholder, ""))
  if (length > limit) return yield* tooLong(block, length, limit)
  // The user's name is not the operator's text, so what holds it is not either.
  const fills = user !== undefined && block.value.search(placeholder) >= 0
  return {
    id: yield* fresh("block"),
    agentId,
    userId,
    conversationId,
    label: block.label,
    description: block.description ?? "",
    value: filledIn(block, limit, user),
    owner,
    limit,
    readOnly: block.readOnly ?? false,
    revision: 1,
    trust: fills ? "user" : "operator",
    at: yield* Clock.currentTimeMillis
  }
})

/**
 * Makes those blocks of a template that a place begins with. What is there stays, so it may be
 * repeated, and what was learned is never overwritten.
 */
export const makeBlocks = Effect.fnUntraced(function* (
  { stores }: Storage["Service"],
  { agentId, scope }: Unbound,
  { blocks }: AgentTemplate,
  places: ReadonlyArray<Place>
): Effect.fn.Return<void, BackendError | StorageError> {
  const unknown = blocks.find((block) => ["group", "tenant"].includes(ownerOf(block)))
  if (unknown !== undefined) {
    return yield* BackendError.because({
      _tag: "Unsupported",
      capability: `blocks owned by a ${ownerOf(unknown)}`
    })
  }
  const records: Array<BlockRecord> = []
  for (const place of places) {
    const wanted = blocks.filter((block) => ownerOf(block) === place.owner)
    if (wanted.length === 0) continue
    const user =
      place.userId === null
        ? undefined
        : Option.getOrElse(yield* stores.users.find(scope, place.userId), () => ({
            id: place.userId ?? "",
            name: unknownName,
            properties: {}
          }))
    for (const block of wanted) records.push(yield* recordOf(block, agentId, place, user))
  }
  if (records.length > 0) yield* stores.blocks.insert(scope, records)
})

/**
 * True when the agent may change the block in this turn: not where it is read-only, nor where other
 * users read it too, because what one user says must not reach another [ISO-2, MEM-2].
 */
export const mayChange = ({ readOnly, userId }: BlockRecord): boolean =>
  !readOnly && userId !== null
