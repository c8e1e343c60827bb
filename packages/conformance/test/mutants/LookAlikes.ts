/** Storages that take one id for another. */
import type { Archive } from "@atrium/core/storage/Archive"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import {
  exchange,
  intercept,
  isScope,
  type Mutant,
  mutant,
  type Service,
  scopeOf
} from "./Mutant.ts"

/** Every scope is exchanged for another one. */
const rescope = (
  storage: Service,
  change: (tenant: string, user: string | undefined) => ReturnType<typeof scopeOf>
) =>
  intercept(storage, (_method, args, run) => {
    const [scope, ...rest] = args
    return run(
      isScope(scope) ? [change(scope.tenantId, Option.getOrUndefined(scope.userId)), ...rest] : args
    )
  })

/** Every text in the arguments after the scope, as deep as it lies, is changed. */
const rewrite = (value: unknown, change: (text: string) => string): unknown =>
  typeof value === "string"
    ? change(value)
    : Array.isArray(value)
      ? value.map((inner) => rewrite(inner, change))
      : value instanceof Map
        ? new Map([...value].map(([key, inner]) => [rewrite(key, change), rewrite(inner, change)]))
        : typeof value === "object" && value !== null
          ? Object.fromEntries(
              Object.entries(value).map(([key, inner]) => [key, rewrite(inner, change)])
            )
          : value

const reword = (storage: Service, store: string, change: (text: string) => string) =>
  intercept(storage, (method, [scope, ...rest], run) =>
    run([scope, ...(method.startsWith(store) ? rest.map((arg) => rewrite(arg, change)) : rest)])
  )

/** A template and its owner become one text. */
const joined = ({
  owner,
  template
}: {
  readonly template: string
  readonly owner: string | null
}) => (owner === null ? { template, owner } : { template: `${template}/${owner}`, owner: null })

export const lookAlikes: ReadonlyArray<Mutant> = [
  mutant("tenants are compared without case", ["ISO-5a"], (storage) =>
    rescope(storage, (tenant, user) => scopeOf(tenant.toLowerCase(), user))
  ),
  mutant("the tenant's id is normalised", ["ISO-5a"], (storage) =>
    rescope(storage, (tenant, user) => scopeOf(tenant.normalize("NFC"), user))
  ),
  mutant(
    "the user's id is normalised",
    [
      "ISO-5a",
      "ISO-5b",
      "ISO-5c",
      "STO-5a",
      "STO-5b",
      "STO-5d",
      "STO-7c",
      "ISO-5g",
      "ISO-5h",
      "ISO-5i",
      "ISO-5j",
      "TRN-3a",
      "TRN-1a",
      "STO-8a",
      "MEM-5a",
      "STO-5i",
      "STO-5j",
      "STO-3h",
      "STO-5l",
      "MEM-6a"
    ],
    (storage) =>
      reword(
        rescope(storage, (tenant, user) => scopeOf(tenant, user?.normalize("NFC"))),
        "",
        (text) => text.normalize("NFC")
      )
  ),
  mutant("agents' ids are trimmed", ["ISO-5c", "ISO-5f", "STO-5d"], (storage) =>
    reword(storage, "agents.", (text) => text.trim())
  ),
  mutant(
    "a binding's template and owner are joined by a stroke",
    [
      "ISO-2 bindings.pin",
      "ISO-3 bindings.pin",
      "ISO-2 bindings.find",
      "ISO-3 bindings.find",
      "ISO-2 bindings.unpin",
      "ISO-5d",
      "STO-5f"
    ],
    (storage) => {
      const { bindings } = storage.stores
      return exchange(storage, {
        bindings: {
          pin: (scope, pin, agentId) => bindings.pin(scope, joined(pin), agentId),
          find: (scope, pin) => bindings.find(scope, joined(pin)),
          unpin: (scope, pin) => bindings.unpin(scopeOf(scope.tenantId), joined(pin))
        }
      })
    }
  ),
  mutant(
    "deleting a conversation deletes all whose ids begin so",
    ["ISO-5c", "ISO-5e"],
    (storage) => {
      const { conversations } = storage.stores
      return exchange(storage, {
        conversations: {
          delete: Effect.fnUntraced(function* (scope, id) {
            const { items } = yield* conversations.list(scope, {})
            for (const { id: other } of items) {
              if (other !== id && other.startsWith(id)) yield* conversations.delete(scope, other)
            }
            return yield* conversations.delete(scope, id)
          })
        }
      })
    }
  ),
  mutant("lone surrogates fold into one character", ["ISO-5f"], (storage) =>
    exchange(storage, {
      users: { find: (scope, id) => storage.stores.users.find(scope, id.toWellFormed()) }
    })
  ),
  mutant(
    "an archive's mark is kept by its id and user, joined by a stroke",
    ["ISO-5g"],
    (storage) => {
      const { words } = storage.stores
      const marks = new Map<string, number>()
      const keyOf = (scope: TenantScope, { id, kind, userId }: Archive) =>
        userId === null
          ? JSON.stringify([scope.tenantId, kind, id])
          : JSON.stringify([scope.tenantId, kind, `${id}/${userId}`])
      return exchange(storage, {
        words: {
          add: (scope, archive, items, mark) => {
            const key = keyOf(scope, archive)
            marks.set(key, Math.max(mark, marks.get(key) ?? 0))
            return words.add(scope, archive, items, mark)
          },
          marks: (scope, archives) =>
            Effect.map(words.marks(scope, archives), (found) =>
              found.map((mark, i) => {
                const archive = archives[i]
                return mark === 0 || archive === undefined || archive.kind !== "conversation"
                  ? mark
                  : (marks.get(keyOf(scope, archive)) ?? mark)
              })
            )
        }
      })
    }
  ),
  mutant(
    "passages' archives are found without their case",
    ["ISO-5g", "ISO-5h", "STO-3i", "STO-5j", "STO-3h", "MEM-6e"],
    (storage) => reword(storage, "passages.", (text) => text.toLowerCase())
  ),
  mutant("words are normalised", ["ISO-5h", "MEM-6a"], (storage) => {
    const { words } = storage.stores
    return exchange(storage, {
      words: {
        search: (scope, archives, asked, limit) =>
          words.search(
            scope,
            archives,
            asked.map((word) => word.normalize("NFC")),
            limit
          )
      }
    })
  }),
  mutant("blocks' labels are trimmed", ["ISO-5i"], (storage) => {
    const { blocks } = storage.stores
    return exchange(storage, {
      blocks: {
        insert: (scope, records) =>
          blocks.insert(
            scope,
            records.map((block) => ({ ...block, label: block.label.trim() }))
          )
      }
    })
  }),
  mutant("documents' names are found without their case", ["ISO-5j", "STO-3i"], (storage) => {
    const { documents } = storage.stores
    return exchange(storage, {
      documents: {
        save: (scope, document) =>
          documents.save(scope, { ...document, name: document.name.toLowerCase() }),
        find: (scope, source, name) => documents.find(scope, source, name.toLowerCase())
      }
    })
  }),
  mutant("lone surrogates in a block's id fold into one character", ["ISO-5k"], (storage) => {
    const { blocks } = storage.stores
    return exchange(storage, {
      blocks: { find: (scope, id) => blocks.find(scope, id.toWellFormed()) }
    })
  })
]
