/** Passages and documents that are lost, mixed up, or stay when they should go. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { apart, exchange, type Mutant, mutant, scopeOf } from "./Mutant.ts"

export const passages: ReadonlyArray<Mutant> = [
  mutant("a passage's tags are a set", ["STO-5j"], (storage) => {
    const { passages } = storage.stores
    return exchange(storage, {
      passages: {
        insert: (scope, records) =>
          passages.insert(
            scope,
            records.map((passage) => ({ ...passage, tags: [...new Set(passage.tags)] }))
          )
      }
    })
  }),
  mutant("passages are found in the order of their ids", ["STO-5j", "MEM-6f"], (storage) => {
    const { passages } = storage.stores
    return exchange(storage, {
      passages: { find: (scope, ids) => passages.find(scope, ids.toSorted()) }
    })
  }),
  mutant(
    "a passage replaces the one that has its id",
    [
      "STO-5k",
      "ISO-1 passages.list",
      "ISO-2 passages.list",
      "ISO-1 passages.clear",
      "ISO-2 passages.clear"
    ],
    (storage) => {
      const { passages } = storage.stores
      return exchange(storage, {
        passages: {
          insert: (scope, records) =>
            Effect.andThen(
              passages.delete(
                scope,
                records.map(({ id }) => id)
              ),
              passages.insert(scope, records)
            )
        }
      })
    }
  ),
  mutant("of passages of one id only the first is looked at", ["ISO-2d"], (storage) => {
    const { passages } = storage.stores
    return exchange(storage, {
      passages: {
        insert: (scope, records) =>
          passages.insert(
            scope,
            records.filter(({ id }, i) => records.findIndex((other) => other.id === id) === i)
          )
      }
    })
  }),
  mutant(
    "passages are listed by any of the tags",
    ["STO-3h", "STO-3a passages.list by tags", "STO-3b passages.list by tags"],
    (storage) => {
      const { passages } = storage.stores
      return exchange(storage, {
        passages: {
          list: Effect.fnUntraced(function* (scope, archive, { tags = [], ...by }) {
            const { items, next } = yield* passages.list(scope, archive, by)
            return {
              items: items.filter(
                (passage) => tags.length === 0 || tags.some((tag) => passage.tags.includes(tag))
              ),
              next
            }
          })
        }
      })
    }
  ),
  mutant("passages are sorted by UTF-16 units", ["STO-3i"], (storage) => {
    const { passages } = storage.stores
    return exchange(storage, {
      passages: {
        list: (scope, archive, by) =>
          Effect.map(passages.list(scope, archive, by), ({ items, next }) => ({
            items:
              by.newestFirst === true ? items : items.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
            next
          }))
      }
    })
  }),
  mutant("of the passages to delete the first one goes", ["MEM-6e"], (storage) => {
    const { passages } = storage.stores
    return exchange(storage, {
      passages: { delete: (scope, ids) => passages.delete(scope, ids.slice(0, 1)) }
    })
  }),
  mutant("a deletion of passages is no part of its transaction", ["STO-1i"], (storage) => {
    const { passages } = storage.stores
    return exchange(storage, {
      passages: { delete: (scope, ids) => apart(passages.delete(scope, ids)) }
    })
  }),
  mutant(
    "who clears their own passages clears everybody's",
    ["ISO-2 passages.clear", "MEM-6f"],
    (storage) => {
      const { passages } = storage.stores
      return exchange(storage, {
        passages: { clear: (scope, of) => passages.clear(scopeOf(scope.tenantId), of) }
      })
    }
  ),
  mutant("a user removes what nobody owns", ["ISO-2c"], (storage) => {
    const { passages } = storage.stores
    return exchange(storage, {
      passages: {
        delete: Effect.fnUntraced(function* (scope, ids) {
          const found = yield* passages.find(scope, ids)
          yield* passages.delete(
            scopeOf(scope.tenantId),
            found.map(({ id }) => id)
          )
        })
      }
    })
  }),
  mutant("no user reads what nobody owns", ["ISO-2c"], (storage) => {
    const { passages } = storage.stores
    return exchange(storage, {
      passages: {
        find: (scope, ids) =>
          Effect.map(passages.find(scope, ids), (found) =>
            found.filter(({ archive }) => archive.userId !== null || Option.isNone(scope.userId))
          )
      }
    })
  }),
  mutant("a document keeps its first title", ["STO-5l"], (storage) => {
    const { documents } = storage.stores
    return exchange(storage, {
      documents: {
        save: Effect.fnUntraced(function* (scope, document) {
          const found = yield* documents.find(scope, document.source, document.name)
          const title = Option.match(found, {
            onNone: () => document.title,
            onSome: (kept) => kept.title
          })
          yield* documents.save(scope, { ...document, title })
        })
      }
    })
  }),
  mutant("documents are listed with their texts", ["STO-5l"], (storage) => {
    const { documents } = storage.stores
    return exchange(storage, {
      documents: {
        list: Effect.fnUntraced(function* (scope, source, by) {
          const { items, next } = yield* documents.list(scope, source, by)
          const whole = yield* Effect.forEach(items, ({ name }) =>
            documents.find(scope, source, name)
          )
          return { items: whole.flatMap(Option.toArray), next }
        })
      }
    })
  })
]
