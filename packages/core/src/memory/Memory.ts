/** What agents remember, as their users and operators read and change it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Definitions } from "../agents/Definitions.ts"
import { asMemoryError, MemoryError, type Reason, rejected, type StorageError } from "../errors.ts"
import {
  type AgentId,
  type BlockId,
  type ConversationId,
  isWellFormed,
  type PassageId
} from "../ids.ts"
import { type By, checkBy, type Page } from "../Page.ts"
import { agentArchive } from "../storage/Archive.ts"
import type { BlockRecord, BlockWrite } from "../storage/BlockStore.ts"
import { Storage } from "../storage/Storage.ts"
import * as Audit from "../tenancy/Audit.ts"
import { type Asker, noUser } from "../tenancy/Permissions.ts"
import type { Principal } from "../tenancy/Principal.ts"
import { asker, passagesOwner, viewOf } from "./AgentView.ts"
import { type Block, blockOf } from "./Block.ts"
import type { Edit } from "./Edit.ts"
import { changeBlock, planEdit, type Writer } from "./EditBlock.ts"
import { history, planUndo, type Revision, revisionAt } from "./History.ts"
import { type Passage, passageOf, searched } from "./Passage.ts"
import * as Passages from "./Passages.ts"
import { type Recalled, recall } from "./Recall.ts"
import * as Search from "./Search.ts"

type As<A> = Effect.Effect<A, MemoryError, Principal>

/** Longest query, in UTF-16 units. */
export const maximumQuery = 2000

/**
 * All of these need the scope `memory` and a user, and reach that user's memory only: a foreign id is
 * as unknown as any [ISO-3]. With `operator` they span the tenant, and reach what all users of a
 * shared agent read and what is read-only.
 */
export class Memory extends Context.Service<
  Memory,
  {
    /**
     * The blocks of an agent that prompts of the caller hold: the agent's own, the user's, those of
     * the user's conversations, or of one. An operator sees those of the agent's owner.
     */
    readonly blocks: (agent: AgentId, conversation?: ConversationId) => As<ReadonlyArray<Block>>
    /**
     * Changes a block and answers it as it is then. With `expected` the block must have that
     * revision: of two writers that read the same one, the second gets `Conflict` with the present
     * one [MEM-3]. Without, the edit is applied to what is there. `Rejected` where the text does not
     * fit, or the place to change is not found; `Forbidden` without `operator` where the block is
     * read-only or read by all users of a shared agent.
     */
    readonly edit: (block: BlockId, edit: Edit, expected?: number) => As<Block>
    /** Revisions of a block, newest first, down to the one it began with [MEM-5]. */
    readonly history: (block: BlockId, by: Pick<By, "after" | "limit">) => As<Page<Revision>>
    /** Gives a block the value it had at revision `to`. That is a change like any other [MEM-5]. */
    readonly undo: (block: BlockId, to: number) => As<Block>
    /**
     * Adds passages to what the agent knows of the user: 1 to 100 texts of 1 to 8,000 characters
     * (UTF-16 units). Found by their words from then on [MEM-6]. On a shared agent an operator adds
     * what all of its users may read.
     */
    readonly insert: (agent: AgentId, texts: ReadonlyArray<string>) => As<ReadonlyArray<Passage>>
    /** The passages that `insert` of this caller adds to, in the order in which they were made. */
    readonly passages: (agent: AgentId, by: By) => As<Page<Passage>>
    /** Removes a passage: nothing finds it any more. What sources hold is changed by `Sources`. */
    readonly delete: (id: PassageId) => As<void>
    /**
     * Passages by the words of `query` (1 to 2,000 UTF-16 units), best first: of the agent, of what it
     * knows of the user, and of the sources that its template names.
     */
    readonly search: (
      agent: AgentId,
      query: string,
      top: Search.Top
    ) => As<ReadonlyArray<Search.Hit<Passage>>>
    /**
     * What the user and the agent said, by the words of `query`, best first, in the 100 conversations
     * with the newest turns; each with what was said right before and after it [MEM-7].
     */
    readonly recall: (agent: AgentId, query: string, top: Search.Top) => As<ReadonlyArray<Recalled>>
  }
>()("@atrium/core/memory/Memory") {
  static readonly layer: Layer.Layer<Memory, never, Storage | Definitions> = Layer.effect(
    Memory,
    Effect.gen(function* () {
      const storage = yield* Storage
      const definitions = yield* Definitions
      const { blocks, passages } = storage.stores

      const unknown = Effect.fnUntraced(function* ({ caller }: Asker, what: string) {
        yield* Audit.refusedAccess(caller, what)
        return yield* MemoryError.because({ _tag: "NotFound", what })
      })

      const change = (
        asking: Asker,
        id: BlockId,
        expected: number | undefined,
        planned: (
          block: BlockRecord,
          writer: Writer,
          at: number
        ) => Effect.Effect<BlockWrite, MemoryError | StorageError>
      ) => {
        const writer = writerOf(asking)
        const once = changeBlock(storage, asking.scope, id, expected, (block, at) =>
          planned(block, writer, at)
        ).pipe(asMemoryError)
        const tried =
          expected === undefined
            ? Effect.retry(once, { times: mostTries, while: ({ reason }) => isConflict(reason) })
            : once
        return Effect.map(
          Effect.catchIf(tried, isUnknownBlock, () => unknown(asking, "block")),
          blockOf
        )
      }

      /** Sources that the agent's template names now; none of one that the app no longer has. */
      const sourcesOf = (template: string) =>
        Effect.match(definitions.find(template), {
          onFailure: () => [],
          onSuccess: ({ template: { sources = [] } }) => sources
        })

      return Memory.of({
        blocks: Effect.fn("Memory.blocks")(function* (agent, conversation) {
          const { reads } = yield* viewOf(storage, agent)
          return (yield* blocks.list(reads, agent, conversation ?? null)).map(blockOf)
        }, asMemoryError),
        edit: Effect.fn("Memory.edit")(function* (id, edit, expected) {
          return yield* change(yield* asker, id, expected, (block, writer, at) =>
            planEdit(block, edit, writer, at)
          )
        }, asMemoryError),
        history: Effect.fn("Memory.history")(function* (id, by) {
          const asking = yield* asker
          const before = by.after === undefined ? undefined : revisionAt(by.after)
          const refused = checkBy(by) ?? (by.after === undefined ? undefined : whyNoCursor(before))
          if (refused !== undefined) return yield* MemoryError.because(refused)
          const read = Effect.gen(function* () {
            const block = yield* blocks.find(asking.scope, id)
            return Option.isNone(block)
              ? undefined
              : yield* history(storage, asking.scope, block.value, before, by.limit)
          })
          return (yield* storage.transact(read)) ?? (yield* unknown(asking, "block"))
        }, asMemoryError),
        undo: Effect.fn("Memory.undo")(function* (id, to) {
          const asking = yield* asker
          return yield* change(asking, id, undefined, (block, writer, at) =>
            planUndo(storage, asking.scope, block, to, writer, at)
          )
        }, asMemoryError),
        insert: Effect.fn("Memory.insert")(function* (agent, texts) {
          const view = yield* viewOf(storage, agent)
          const refused = whyNoTexts(texts)
          if (refused !== undefined) return yield* MemoryError.because(refused)
          const archive = agentArchive(agent, passagesOwner(view))
          const records = yield* Passages.make(
            archive,
            texts.map((text) => ({ text }))
          )
          const isThere = yield* storage.transact(
            Effect.gen(function* () {
              // Deleted meanwhile: what is kept now would never be removed.
              const found = yield* storage.stores.agents.find(view.scope, agent)
              if (Option.isNone(found)) return false
              yield* Passages.insert(storage, view.scope, archive, records)
              return true
            })
          )
          if (!isThere) return yield* unknown(view, "agent")
          return records.map(passageOf)
        }, asMemoryError),
        passages: Effect.fn("Memory.passages")(function* (agent, by) {
          const view = yield* viewOf(storage, agent)
          const refused = checkBy(by)
          if (refused !== undefined) return yield* MemoryError.because(refused)
          const archive = agentArchive(agent, passagesOwner(view))
          const { items, next } = yield* passages.list(view.scope, archive, by)
          return { items: items.map(passageOf), next }
        }, asMemoryError),
        delete: Effect.fn("Memory.delete")(function* (id) {
          const asking = yield* asker
          const [found] = yield* passages.find(asking.scope, [id])
          if (found === undefined) return yield* unknown(asking, "passage")
          const { archive } = found
          if (archive.userId === null && !asking.operator) {
            return yield* MemoryError.because({ _tag: "Forbidden", scope: "operator" })
          }
          if (archive.kind === "source") return yield* MemoryError.because(ofSource(archive.id))
          yield* Passages.remove(storage, asking.scope, archive, [id])
        }, asMemoryError),
        search: Effect.fn("Memory.search")(function* (agent, query, top) {
          const view = yield* viewOf(storage, agent)
          const refused = whyNoQuery(query, top)
          if (refused !== undefined) return yield* MemoryError.because(refused)
          const sources = yield* sourcesOf(view.agent.template)
          const archives = searched(agent, Option.getOrNull(view.user), sources)
          const hits = yield* Search.passages(storage, view.reads, archives, query, top.limit)
          return hits.map((hit) => ({ ...hit, item: passageOf(hit.item) }))
        }, asMemoryError),
        recall: Effect.fn("Memory.recall")(function* (agent, query, top) {
          const view = yield* viewOf(storage, agent)
          const refused = whyNoQuery(query, top) ?? (Option.isNone(view.user) ? noUser : undefined)
          if (refused !== undefined) return yield* MemoryError.because(refused)
          return yield* recall(storage, view.reads, agent, query, top.limit)
        }, asMemoryError)
      })
    })
  )
}

/** Tries of an edit that names no revision, where others write the same block. */
const mostTries = 16

const isConflict = (reason: Reason): boolean => reason._tag === "Conflict"

const isUnknownBlock = ({ reason }: MemoryError): boolean =>
  reason._tag === "NotFound" && reason.what === "block"

/** Who changes a block through the facade: the user, or an operator. */
const writerOf = ({ caller, operator }: Asker): Writer => ({
  by: Option.getOrElse(caller.userId, () => "operator"),
  turnId: null,
  trust: operator ? "operator" : "user",
  operator
})

const whyNoCursor = (revision: number | undefined): Reason | undefined =>
  revision === undefined
    ? rejected("after", "after must be the cursor that a page of this history gave as next.")
    : undefined

const ofSource = (source: string): Reason =>
  rejected(
    "passage",
    `The passage was cut from a document of the source "${source}". Sync that instead.`
  )

const whyNoTexts = (texts: ReadonlyArray<string>): Reason | undefined => {
  if (texts.length === 0 || texts.length > Passages.maximumPassages) {
    return rejected("texts", `Insert 1 to ${Passages.maximumPassages} texts, not ${texts.length}.`)
  }
  const at = texts.findIndex(
    (text) => text.length > Passages.maximumPassage || !isWellFormed(text) || text.trim() === ""
  )
  return at < 0
    ? undefined
    : rejected(
        "texts",
        `Text ${at + 1} must have 1 to ${Passages.maximumPassage} characters, not all of them spaces, without NUL and lone surrogates.`
      )
}

const whyNoQuery = (
  query: string,
  { limit = Search.defaultTop }: Search.Top
): Reason | undefined => {
  if (query.trim() === "" || query.length > maximumQuery) {
    return rejected("query", `A query must have 1 to ${maximumQuery} characters.`)
  }
  return Number.isInteger(limit) && limit >= 1 && limit <= Search.maximumTop
    ? undefined
    : rejected("limit", `limit must be 1 to ${Search.maximumTop}, not ${limit}`)
}
