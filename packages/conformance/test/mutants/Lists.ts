/** Lists that lose, repeat, mix up or open what is not theirs; and answers that are not copies. */
import type { By, Page } from "@atrium/core/Page"
import type { AgentRecord } from "@atrium/core/storage/AgentStore"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { exchange, intercept, type Mutant, mutant, scopeOf } from "./Mutant.ts"

const isBy = (value: unknown): value is By =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isPage = (value: unknown): value is Page<unknown> =>
  typeof value === "object" && value !== null && "items" in value && Array.isArray(value.items)

/** Every list, the names that its rules have, and what else fails when it loses items. */
const listed: ReadonlyArray<
  readonly [method: string, names: ReadonlyArray<string>, also: ReadonlyArray<string>]
> = [
  ["users.list", ["users.list"], []],
  ["keys.list", ["keys.list"], []],
  ["agents.list", ["agents.list"], ["STO-3f"]],
  ["bindings.list", ["bindings.list", "bindings.list of a user"], []],
  ["conversations.list", ["conversations.list"], ["STO-3g"]],
  ["messages.list", ["messages.list"], []],
  ["ledger.list", ["ledger.list"], []],
  ["passages.list", ["passages.list", "passages.list by tags"], []],
  ["documents.list", ["documents.list"], []],
  ["maintenance.listTenants", ["listTenants"], []],
  ["maintenance.listLeft", ["listLeft"], []],
  ["maintenance.listDue", ["listDue"], []]
]

/** A list whose pages after a cursor lack their first item. */
const gaps = listed.map(([method, names, also]) =>
  mutant(
    `${method} loses an item where a page begins`,
    [...names.map((name) => `STO-3a ${name}`), ...also],
    (storage) =>
      intercept(storage, (called, args, run) =>
        Effect.map(run(args), (answer) => {
          const by = args.at(-1)
          return called === method && isBy(by) && by.after !== undefined && isPage(answer)
            ? { ...answer, items: answer.items.slice(1) }
            : answer
        })
      )
  )
)

/** A list that breaks on a cursor that it did not give. */
const brittle = listed.slice(0, 9).map(([method, names]) =>
  mutant(
    `${method} breaks on a cursor with a NUL in it`,
    names.map((name) => `STO-3b ${name}`),
    (storage) =>
      intercept(storage, (called, args, run) => {
        const by = args.at(-1)
        return called === method && isBy(by) && by.after?.includes("\u0000") === true
          ? Effect.die("invalid byte sequence")
          : run(args)
      })
  )
)

export const lists: ReadonlyArray<Mutant> = [
  ...gaps,
  ...brittle,
  mutant("a page without a limit holds 1,000 items", ["STO-3c"], (storage) => {
    const { agents } = storage.stores
    return exchange(storage, {
      agents: { list: (scope, by) => agents.list(scope, { limit: 1000, ...by }) }
    })
  }),
  mutant("users are sorted by UTF-16 units", ["STO-3d"], (storage) => {
    const { users } = storage.stores
    return exchange(storage, {
      users: {
        list: (scope, by) =>
          Effect.map(users.list(scope, by), ({ items, next }) => ({
            items:
              by.newestFirst === true ? items : items.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
            next
          }))
      }
    })
  }),
  mutant("agents are listed by any of the tags", ["STO-3e"], (storage) => {
    const { agents } = storage.stores
    return exchange(storage, {
      agents: {
        list: (scope, { tags = [], ...by }) =>
          Effect.map(agents.list(scope, by), ({ items, next }) => ({
            items: items.filter(
              (agent) => tags.length === 0 || tags.some((tag) => agent.tags.includes(tag))
            ),
            next
          }))
      }
    })
  }),
  mutant("a cursor is a number of items", ["STO-3f"], (storage) => {
    const { agents } = storage.stores
    return exchange(storage, {
      agents: {
        list: Effect.fnUntraced(function* (scope, { after, limit = 100, ...by }) {
          const all = yield* agents.list(scope, { ...by, limit: 1000 })
          const from = Number(after ?? 0)
          const to = from + limit
          return {
            items: all.items.slice(from, to),
            next: to < all.items.length ? Option.some(`${to}`) : Option.none()
          }
        })
      }
    })
  }),
  mutant("a page is cut before it is confined to the user", ["STO-3g"], (storage) => {
    const { conversations } = storage.stores
    return exchange(storage, {
      conversations: {
        list: (scope, by) =>
          Effect.map(conversations.list(scopeOf(scope.tenantId), by), ({ items, next }) => ({
            items: items.filter(
              ({ userId }) =>
                Option.isNone(scope.userId) || Option.getOrThrow(scope.userId) === userId
            ),
            next
          }))
      }
    })
  }),
  mutant(
    "a page is cut before its tags are looked at",
    ["STO-3a passages.list by tags", "STO-3c", "STO-3h"],
    (storage) => {
      const { passages } = storage.stores
      return exchange(storage, {
        passages: {
          list: (scope, archive, { tags = [], ...by }) =>
            Effect.map(passages.list(scope, archive, by), ({ items, next }) => ({
              items: items.filter((passage) => tags.every((tag) => passage.tags.includes(tag))),
              next
            }))
        }
      })
    }
  ),
  mutant("a search answers with the archive that it was given", ["STO-4a"], (storage) => {
    const { words } = storage.stores
    return exchange(storage, {
      words: {
        search: (scope, archives, asked, limit) =>
          Effect.map(words.search(scope, archives, asked, limit), (found) =>
            found.map((hit) => ({
              ...hit,
              archive:
                archives.find(
                  ({ id, kind, userId }) =>
                    id === hit.archive.id &&
                    kind === hit.archive.kind &&
                    userId === hit.archive.userId
                ) ?? hit.archive
            }))
          )
      }
    })
  }),
  mutant("answers come from a cache, uncopied", ["STO-4a", "STO-1i"], (storage) => {
    const cache = new Map<string, unknown>()
    return intercept(storage, (method, args, run) =>
      Effect.suspend(() => {
        const key = JSON.stringify(args)
        if (method === "agents.save" || method === "agents.delete") cache.clear()
        if (method !== "agents.find") return run(args)
        return cache.has(key)
          ? Effect.succeed(cache.get(key))
          : Effect.tap(run(args), (answer) => Effect.sync(() => cache.set(key, answer)))
      })
    )
  }),
  mutant("what was given is kept, uncopied", ["STO-4b"], (storage) => {
    const { agents } = storage.stores
    const given = new Map<string, AgentRecord>()
    return exchange(storage, {
      agents: {
        save: (scope, agent) => {
          given.set(`${scope.tenantId} ${agent.id}`, agent)
          return agents.save(scope, agent)
        },
        find: (scope, id) =>
          Effect.map(agents.find(scope, id), (found) =>
            Option.map(found, (stored) => {
              const kept = given.get(`${scope.tenantId} ${id}`)
              return kept === undefined ? stored : { ...stored, tags: [...kept.tags] }
            })
          )
      }
    })
  })
]
