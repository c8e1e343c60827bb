/** Searches that find what is gone, lose what is there, or let strangers weigh in. */
import type { Archive } from "@atrium/core/storage/Archive"
import type { Found } from "@atrium/core/storage/WordStore"
import * as Effect from "effect/Effect"
import { exchange, type Mutant, mutant, scopeOf } from "./Mutant.ts"

const keyOf = ({ id, kind, userId }: Archive, item = ""): string =>
  JSON.stringify([kind, id, userId, item])

const bestFirst = (found: ReadonlyArray<Found>) => found.toSorted((a, b) => b.score - a.score)

export const words: ReadonlyArray<Mutant> = [
  mutant("words are compared without case", ["MEM-6a", "ISO-5h"], (storage) => {
    const { words } = storage.stores
    return exchange(storage, {
      words: {
        add: (scope, archive, items, mark) =>
          words.add(
            scope,
            archive,
            items.map(({ item, words }) => ({
              item,
              words: new Map([...words].map(([word, times]) => [word.toLowerCase(), times]))
            })),
            mark
          ),
        search: (scope, archives, asked, limit) =>
          words.search(
            scope,
            archives,
            asked.map((word) => word.toLowerCase()),
            limit
          )
      }
    })
  }),
  mutant(
    "a removed item is hidden, and weighs on",
    ["MEM-6b", "ISO-2 words.remove", "STO-1i", "ISO-2c", "ISO-6d"],
    (storage) => {
      const { words } = storage.stores
      const gone = new Set<string>()
      return exchange(storage, {
        words: {
          add: (scope, archive, items, mark) => {
            for (const { item } of items) gone.delete(scope.tenantId + keyOf(archive, item))
            return words.add(scope, archive, items, mark)
          },
          remove: (scope, archive, items) =>
            Effect.sync(() => {
              for (const item of items) gone.add(scope.tenantId + keyOf(archive, item))
            }),
          search: (scope, archives, asked, limit) =>
            Effect.map(words.search(scope, archives, asked, limit), (found) =>
              found.filter(({ archive, item }) => !gone.has(scope.tenantId + keyOf(archive, item)))
            )
        }
      })
    }
  ),
  mutant(
    "a removed item is still found",
    ["MEM-6b", "ISO-1 words.remove", "ISO-2 words.remove", "ISO-5h", "ISO-6d"],
    (storage) => exchange(storage, { words: { remove: () => Effect.void } })
  ),
  mutant(
    "who clears their own words clears everybody's",
    ["ISO-2 words.clear", "MEM-6c", "ISO-6b"],
    (storage) => {
      const { words } = storage.stores
      return exchange(storage, {
        words: { clear: (scope, of) => words.clear(scopeOf(scope.tenantId), of) }
      })
    }
  ),
  mutant(
    "clearing leaves the marks",
    ["MEM-6c", "ISO-2 words.marks", "ISO-5g", "STO-1i"],
    (storage) => {
      const { words } = storage.stores
      const highest = new Map<string, number>()
      return exchange(storage, {
        words: {
          marks: (scope, archives) =>
            Effect.map(words.marks(scope, archives), (marks) =>
              marks.map((mark, i) => {
                const archive = archives[i]
                if (archive === undefined) return mark
                const key = scope.tenantId + keyOf(archive)
                highest.set(key, Math.max(mark, highest.get(key) ?? 0))
                return highest.get(key) ?? mark
              })
            )
        }
      })
    }
  ),
  mutant(
    "a mark is set to what was given last",
    ["MEM-6d", "ISO-2 words.add", "STO-1i", "ISO-6b"],
    (storage) => {
      const { words } = storage.stores
      const last = new Map<string, number>()
      return exchange(storage, {
        words: {
          add: (scope, archive, items, mark) => {
            last.set(scope.tenantId + keyOf(archive), mark)
            return words.add(scope, archive, items, mark)
          },
          marks: (scope, archives) =>
            Effect.map(words.marks(scope, archives), (marks) =>
              marks.map((mark, i) => {
                const archive = archives[i]
                return mark === 0 || archive === undefined
                  ? mark
                  : (last.get(scope.tenantId + keyOf(archive)) ?? mark)
              })
            )
        }
      })
    }
  ),
  mutant("an item that is there is written again", ["MEM-6d"], (storage) => {
    const { words } = storage.stores
    return exchange(storage, {
      words: {
        add: (scope, archive, items, mark) =>
          Effect.andThen(
            words.remove(
              scope,
              archive,
              items.map(({ item }) => item)
            ),
            words.add(scope, archive, items, mark)
          )
      }
    })
  }),
  mutant("each archive is ranked by itself", ["ISO-6a", "MEM-6b", "ISO-6c"], (storage) => {
    const { words } = storage.stores
    return exchange(storage, {
      words: {
        search: (scope, archives, asked, limit) =>
          Effect.map(
            Effect.forEach(archives, (archive) => words.search(scope, [archive], asked, limit)),
            (found) => {
              const once = new Map(
                found.flat().map((hit) => [keyOf(hit.archive, hit.item), hit] as const)
              )
              return bestFirst([...once.values()]).slice(0, limit)
            }
          )
      }
    })
  }),
  mutant(
    "a word that is asked twice weighs twice",
    ["ISO-6a", "MEM-6b", "ISO-6b", "ISO-6d"],
    (storage) => {
      const { words } = storage.stores
      return exchange(storage, {
        words: {
          search: Effect.fnUntraced(function* (scope, archives, asked, limit) {
            const total = new Map<string, Found>()
            for (const word of asked) {
              for (const hit of yield* words.search(scope, archives, [word], 10_000)) {
                const key = keyOf(hit.archive, hit.item)
                const score = (total.get(key)?.score ?? 0) + hit.score
                total.set(key, { ...hit, score })
              }
            }
            return bestFirst([...total.values()]).slice(0, limit)
          })
        }
      })
    }
  ),
  mutant(
    "all of a tenant's archives weigh in",
    ["ISO-6b", "ISO-2 words.add", "ISO-6a"],
    (storage) => {
      const { words } = storage.stores
      const known = new Map<string, Map<string, Archive>>()
      return exchange(storage, {
        words: {
          add: (scope, archive, items, mark) => {
            const own = known.get(scope.tenantId) ?? new Map<string, Archive>()
            known.set(scope.tenantId, own.set(keyOf(archive), archive))
            return words.add(scope, archive, items, mark)
          },
          search: (scope, archives, asked, limit) => {
            const all = [...(known.get(scope.tenantId)?.values() ?? [])]
            // Where they are hundreds it would only be slow.
            if (all.length > 50) return words.search(scope, archives, asked, limit)
            const named = new Set(archives.map((archive) => keyOf(archive)))
            const tenant = scopeOf(scope.tenantId)
            return Effect.flatMap(words.search(scope, archives, asked, limit), (own) =>
              Effect.map(words.search(tenant, all, asked, 10_000), (found) => {
                const seen = new Set(own.map(({ archive, item }) => keyOf(archive, item)))
                return found
                  .filter(({ archive }) => named.has(keyOf(archive)))
                  .filter(({ archive, item }) => seen.has(keyOf(archive, item)))
                  .slice(0, limit)
              })
            )
          }
        }
      })
    }
  ),
  mutant("equal scores come in the order of the words' rows", ["ISO-6c", "ISO-2c"], (storage) => {
    const { words } = storage.stores
    return exchange(storage, {
      words: {
        search: (scope, archives, asked, limit) =>
          Effect.map(words.search(scope, archives, asked, 10_000), (found) =>
            bestFirst(found.toReversed()).slice(0, limit)
          )
      }
    })
  }),
  mutant("the limit is one of each archive", ["ISO-6c"], (storage) => {
    const { words } = storage.stores
    return exchange(storage, {
      words: {
        search: (scope, archives, asked, limit) =>
          words.search(scope, archives, asked, limit * Math.max(1, archives.length))
      }
    })
  }),
  mutant("an addition that meets another one is lost", ["ISO-6d"], (storage) => {
    const { words } = storage.stores
    return exchange(storage, {
      words: {
        add: Effect.fnUntraced(function* (scope, archive, items, mark) {
          const count = Effect.map(
            words.search(scope, [archive], ["word0", "word1"], 1000),
            (found) => found.length
          )
          const before = yield* count
          yield* Effect.yieldNow
          if ((yield* count) === before) yield* words.add(scope, archive, items, mark)
        })
      }
    })
  })
]
