/** Random calls of the stores of memory, each made once and applied to two storages. */
import type { StorageError } from "@atrium/core/errors"
import type { By, Page } from "@atrium/core/Page"
import { compareKeys } from "@atrium/core/storage/KeyValue"
import type { Stores } from "@atrium/core/storage/Storage"
import type { Found } from "@atrium/core/storage/WordStore"
import type { Caller } from "@atrium/core/tenancy/Principal"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import {
  archiveOf,
  blockOf,
  byOf,
  conversationOf,
  type Draw,
  documentOf,
  idOf,
  itemOf,
  ownerOf,
  passageOf,
  rowOf,
  turnOf,
  vocabulary,
  writeOf
} from "./Samples.ts"

/** All pages of a list, each told with whether there is a next one. */
const paged = Effect.fnUntraced(function* <A>(
  by: By,
  list: (by: By) => Effect.Effect<Page<A>, StorageError>
): Effect.fn.Return<ReadonlyArray<ReadonlyArray<A>>, StorageError> {
  const all: Array<ReadonlyArray<A>> = []
  let next = by
  while (true) {
    const page = yield* list(next)
    all.push(page.items)
    if (Option.isNone(page.next)) return all
    next = { ...by, after: page.next.value }
  }
})

const pathOf = ({ archive, item }: Found): string =>
  [archive.kind, archive.id, archive.userId ?? "", item].join("\u0001")

/**
 * Hits in an order that both agree on, after a look at the one they came in: best first, equal ones
 * by their paths. Sums of floats may differ in the last digit, so scores are rounded.
 */
export const comparable = (hits: ReadonlyArray<Found>) => {
  for (const [i, hit] of hits.entries()) {
    const before = hits[i - 1]
    if (before === undefined) continue
    assert.isAtMost(hit.score, before.score)
    if (hit.score === before.score) assert.isBelow(compareKeys(pathOf(before), pathOf(hit)), 0)
  }
  return hits
    .map((hit) => ({ path: pathOf(hit), score: Math.round(hit.score * 1e9) }))
    .toSorted((x, y) => y.score - x.score || compareKeys(x.path, y.path))
}

type Operation = (stores: Stores, scope: Caller) => Effect.Effect<unknown, StorageError>

/** One random operation, made once and applied to both. */
export type Named = readonly [string, (draw: Draw) => Operation]

const operations: readonly [Named, ...ReadonlyArray<Named>] = [
  [
    "blocks.insert",
    (draw) => {
      const blocks = draw.some(3, () => blockOf(draw))
      return ({ blocks: store }, scope) => store.insert(scope, blocks)
    }
  ],
  [
    "blocks.write",
    (draw) => {
      const [id, change] = [idOf(draw, "block"), writeOf(draw)]
      return ({ blocks }, scope) => blocks.write(scope, id, change)
    }
  ],
  [
    "agents.save",
    (draw) => {
      const [id, owner] = [draw.one(["agent", "agent é"]), ownerOf(draw)]
      const agent = { id, owner, template: "t", tags: [], state: "active" as const, ref: null }
      return ({ agents }, scope) => agents.save(scope, { ...agent, createdAt: 1, lastTurnAt: null })
    }
  ],
  [
    "agents.delete",
    (draw) => {
      const id = draw.one(["agent", "agent é"])
      return ({ agents }, scope) => agents.delete(scope, id)
    }
  ],
  [
    "blocks.find",
    (draw) => {
      const id = idOf(draw, "block")
      return ({ blocks }, scope) => blocks.find(scope, id)
    }
  ],
  [
    "blocks.list",
    (draw) => {
      const { agentId, conversationId } = blockOf(draw)
      return ({ blocks }, scope) => blocks.list(scope, agentId, conversationId)
    }
  ],
  [
    "blocks.changes",
    (draw) => {
      const [id, upTo, limit] = [idOf(draw, "block"), draw.below(5), draw.below(4)]
      return ({ blocks }, scope) => blocks.changes(scope, id, upTo, limit)
    }
  ],
  [
    "blocks.clear",
    (draw) => {
      const { agentId, conversationId } = blockOf(draw)
      const rarely = draw.below(12) === 0
      return ({ blocks }, scope) =>
        rarely ? blocks.clear(scope, agentId, conversationId) : Effect.void
    }
  ],
  [
    "passages.insert",
    (draw) => {
      const passages = draw.some(4, () => passageOf(draw))
      return ({ passages: store }, scope) => store.insert(scope, passages)
    }
  ],
  [
    "passages.find",
    (draw) => {
      const ids = draw.some(6, () => idOf(draw, "passage"))
      return ({ passages }, scope) => passages.find(scope, ids)
    }
  ],
  [
    "passages.list",
    (draw) => {
      const [archive, by] = [archiveOf(draw), byOf(draw)]
      return ({ passages }, scope) => paged(by, (page) => passages.list(scope, archive, page))
    }
  ],
  [
    "passages.delete",
    (draw) => {
      const ids = draw.some(2, () => idOf(draw, "passage"))
      return ({ passages }, scope) => passages.delete(scope, ids)
    }
  ],
  [
    "passages.clear",
    (draw) => {
      const [archive, rarely] = [archiveOf(draw), draw.below(12) === 0]
      return ({ passages }, scope) => (rarely ? passages.clear(scope, archive) : Effect.void)
    }
  ],
  [
    "documents.save",
    (draw) => {
      const document = documentOf(draw)
      return ({ documents }, scope) => documents.save(scope, document)
    }
  ],
  [
    "documents.find",
    (draw) => {
      const { name, source } = documentOf(draw)
      return ({ documents }, scope) => documents.find(scope, source, name)
    }
  ],
  [
    "documents.list",
    (draw) => {
      const [{ source }, by] = [documentOf(draw), byOf(draw)]
      return ({ documents }, scope) => paged(by, (page) => documents.list(scope, source, page))
    }
  ],
  [
    "documents.delete",
    (draw) => {
      const { name, source } = documentOf(draw)
      return ({ documents }, scope) => documents.delete(scope, source, name)
    }
  ],
  [
    "words.add",
    (draw) => {
      const [archive, items] = [archiveOf(draw), draw.some(6, () => itemOf(draw))]
      const mark = draw.below(50)
      return ({ words }, scope) => words.add(scope, archive, items, mark)
    }
  ],
  [
    "words.remove",
    (draw) => {
      const [archive, items] = [archiveOf(draw), draw.some(4, () => idOf(draw, "item"))]
      return ({ words }, scope) => words.remove(scope, archive, items)
    }
  ],
  [
    "words.search",
    (draw) => {
      const archives = [
        ...new Map(
          draw.some(9, () => archiveOf(draw)).map((a) => [`${a.kind} ${a.id} ${a.userId}`, a])
        ).values()
      ]
      const words = draw.some(5, () => draw.one(vocabulary))
      const limit = draw.below(4)
      return ({ words: store }, scope) =>
        Effect.gen(function* () {
          const all = yield* store.search(scope, archives, words, 1000)
          const best = yield* store.search(scope, archives, words, limit)
          assert.deepStrictEqual(best, all.slice(0, limit))
          return comparable(all)
        })
    }
  ],
  [
    "words.marks",
    (draw) => {
      const archives = draw.some(6, () => archiveOf(draw))
      return ({ words }, scope) => words.marks(scope, archives)
    }
  ],
  [
    "words.clear",
    (draw) => {
      const [archive, rarely] = [archiveOf(draw), draw.below(12) === 0]
      return ({ words }, scope) => (rarely ? words.clear(scope, archive) : Effect.void)
    }
  ],
  [
    "ledger.append",
    (draw) => {
      const rows = draw.some(3, () => rowOf(draw))
      return ({ ledger }, scope) => ledger.append(scope, rows)
    }
  ],
  [
    "ledger.list",
    (draw) => {
      const { tags: _, ...by } = byOf(draw)
      return ({ ledger }, scope) => paged(by, (page) => ledger.list(scope, page))
    }
  ],
  [
    "ledger.total",
    (draw) => {
      const [from, to] = [draw.one([0, 9, 10]), draw.one([10, 11, Number.MAX_SAFE_INTEGER])]
      return ({ ledger }, scope) => ledger.total(scope, from, to)
    }
  ],
  [
    "conversations.resolve",
    (draw) => {
      const conversation = conversationOf(draw)
      return ({ conversations }, scope) => conversations.resolve(scope, conversation)
    }
  ],
  [
    "conversations.delete",
    (draw) => {
      const { id } = conversationOf(draw)
      return ({ conversations }, scope) => conversations.delete(scope, id)
    }
  ],
  [
    "turns",
    (draw) => {
      const [made, later] = [turnOf(draw), turnOf(draw)]
      const { draft, handedBack, waiting } = later
      return ({ turns }, scope) =>
        Effect.gen(function* () {
          yield* turns.insert(scope, made)
          const inserted = yield* turns.find(scope, made.id)
          const advanced = yield* turns.advance(
            scope,
            { ...Option.getOrElse(inserted, () => made), draft, handedBack, waiting },
            []
          )
          return [inserted, advanced, yield* turns.find(scope, made.id)]
        })
    }
  ]
]

const often =
  /^(turns|conversations.resolve|blocks.(insert|write|changes)|(words|passages).(add|insert|search|list))$/

/** What fills a store comes more often than what empties it. */
export const weighted: readonly [Named, ...ReadonlyArray<Named>] = [
  ...operations,
  ...Array.from({ length: 3 }, () => operations.filter(([name]) => often.test(name))).flat()
]
