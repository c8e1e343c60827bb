/** Blocks that lose a write, a change or their place. */
import type { BlockRecord } from "@atrium/core/storage/BlockStore"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { apart, exchange, type Mutant, mutant, scopeOf } from "./Mutant.ts"

export const blocks: ReadonlyArray<Mutant> = [
  mutant("a write does not look at the revision", ["MEM-3a", "MEM-3b", "MEM-3c"], (storage) => {
    const { blocks } = storage.stores
    return exchange(storage, {
      blocks: {
        write: Effect.fnUntraced(function* (scope, id, write) {
          const found = yield* blocks.find(scope, id)
          const expected = Option.match(found, { onNone: () => 0, onSome: (b) => b.revision })
          return yield* blocks.write(scope, id, { ...write, expected })
        })
      }
    })
  }),
  mutant("it looks at the revision, gives way, and writes", ["MEM-3b", "MEM-3c"], (storage) => {
    const { blocks } = storage.stores
    return exchange(storage, {
      blocks: {
        write: Effect.fnUntraced(function* (scope, id, write) {
          const found = yield* blocks.find(scope, id)
          if (Option.isNone(found)) return "absent"
          if (found.value.revision !== write.expected) return "conflict"
          yield* Effect.yieldNow
          const now = Option.getOrThrow(yield* blocks.find(scope, id))
          return yield* blocks.write(scope, id, { ...write, expected: now.revision })
        })
      }
    })
  }),
  mutant("an unknown block is a conflict", ["MEM-3a", "ISO-5k"], (storage) => {
    const { blocks } = storage.stores
    return exchange(storage, {
      blocks: {
        write: (scope, id, write) =>
          Effect.map(blocks.write(scope, id, write), (answer) =>
            answer === "absent" ? "conflict" : answer
          )
      }
    })
  }),
  mutant("who made a change is not kept", ["MEM-5a", "ISO-5i"], (storage) => {
    const { blocks } = storage.stores
    return exchange(storage, {
      blocks: { write: (scope, id, write) => blocks.write(scope, id, { ...write, by: "" }) }
    })
  }),
  mutant(
    "a change keeps what it made instead of what was before",
    ["MEM-5a", "MEM-3c", "MEM-5b", "STO-5i"],
    (storage) => {
      const { blocks } = storage.stores
      return exchange(storage, {
        blocks: {
          changes: Effect.fnUntraced(function* (scope, id, upTo, limit) {
            const found = yield* blocks.changes(scope, id, upTo + 1, limit + 1)
            const block = yield* blocks.find(scope, id)
            const newest = Option.match(block, { onNone: () => "", onSome: ({ value }) => value })
            return found.map((change, i) => ({
              ...change,
              replaced: found[i - 1]?.replaced ?? newest
            }))
          })
        }
      })
    }
  ),
  mutant("changes come oldest first", ["MEM-5a", "MEM-5b", "MEM-3c", "STO-5i"], (storage) => {
    const { blocks } = storage.stores
    return exchange(storage, {
      blocks: {
        changes: (scope, id, upTo, limit) =>
          Effect.map(blocks.changes(scope, id, upTo, limit), (found) => found.toReversed())
      }
    })
  }),
  mutant("changes do not end at a revision", ["MEM-5b"], (storage) => {
    const { blocks } = storage.stores
    return exchange(storage, {
      blocks: {
        changes: (scope, id, _upTo, limit) => blocks.changes(scope, id, 1_000_000, limit)
      }
    })
  }),
  mutant("a write is no part of its transaction", ["MEM-5c", "STO-1i"], (storage) => {
    const { blocks } = storage.stores
    return exchange(storage, {
      blocks: { write: (scope, id, write) => apart(blocks.write(scope, id, write)) }
    })
  }),
  mutant("a block's texts are trimmed", ["STO-5i", "ISO-5i", "MEM-5a"], (storage) => {
    const { blocks } = storage.stores
    return exchange(storage, {
      blocks: {
        insert: (scope, records) =>
          blocks.insert(
            scope,
            records.map((block) => ({ ...block, description: block.description.trim() }))
          ),
        write: (scope, id, write) =>
          blocks.write(scope, id, { ...write, value: write.value.trim() })
      }
    })
  }),
  mutant(
    "what an agent knows of itself stands among what it knows of its user",
    ["STO-9a"],
    (storage) => {
      const { blocks } = storage.stores
      const rank = ({ conversationId, userId }: BlockRecord) =>
        conversationId !== null ? 2 : userId !== null ? 1 : 0
      return exchange(storage, {
        blocks: {
          list: (scope, agentId, conversationId) =>
            Effect.map(blocks.list(scope, agentId, conversationId), (found) =>
              found.toSorted((a, b) => rank(a) - rank(b) || (a.label < b.label ? -1 : 1))
            )
        }
      })
    }
  ),
  mutant("every conversation's blocks are in every prompt", ["STO-9a"], (storage) => {
    const { blocks } = storage.stores
    return exchange(storage, {
      blocks: { list: (scope, agentId) => blocks.list(scope, agentId, null) }
    })
  }),
  mutant("a block whose place is taken is kept beside the first one", ["STO-9b"], (storage) => {
    const { blocks } = storage.stores
    const given = new Map<string, BlockRecord>()
    return exchange(storage, {
      blocks: {
        insert: (scope, records) => {
          for (const block of records) {
            if (/^(null|c) \d+$/.test(block.id)) given.set(block.id, block)
          }
          return blocks.insert(scope, records)
        },
        find: (scope, id) =>
          Effect.map(
            blocks.find(scope, id),
            Option.orElse(() => Option.fromNullishOr(given.get(id)))
          )
      }
    })
  }),
  mutant(
    "what nobody owns is made wherever it is said to be",
    ["ISO-2 blocks.insert", "STO-9c"],
    (storage) => {
      const { blocks } = storage.stores
      return exchange(storage, {
        blocks: {
          insert: (scope, records) =>
            Effect.forEach(
              records,
              (block) =>
                blocks.insert(block.userId === null ? scopeOf(scope.tenantId) : scope, [block]),
              { discard: true }
            )
        }
      })
    }
  ),
  mutant("a user does not make the blocks of a shared agent", ["STO-9c"], (storage) => {
    const { blocks } = storage.stores
    return exchange(storage, {
      blocks: {
        insert: (scope, records) =>
          blocks.insert(
            scope,
            records.filter(({ userId }) => userId !== null || Option.isNone(scope.userId))
          )
      }
    })
  }),
  mutant("clearing a conversation clears its agent", ["STO-9d"], (storage) => {
    const { blocks } = storage.stores
    return exchange(storage, {
      blocks: { clear: (scope, agentId) => blocks.clear(scope, agentId, null) }
    })
  }),
  mutant("clearing leaves the changes", ["STO-9d"], (storage) => {
    const { blocks } = storage.stores
    const kept = new Map<string, Effect.Success<ReturnType<typeof blocks.changes>>>()
    return exchange(storage, {
      blocks: {
        changes: Effect.fnUntraced(function* (scope, id, upTo, limit) {
          const found = yield* blocks.changes(scope, id, upTo, limit)
          if (found.length > 0 && Option.isNone(scope.userId)) kept.set(id, found)
          return Option.isNone(scope.userId) ? (kept.get(id) ?? []) : found
        })
      }
    })
  })
]
