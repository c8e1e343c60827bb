/** Stores that lose a part of what they are given, or keep what they should let go. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { exchange, type Mutant, mutant } from "./Mutant.ts"

export const records: ReadonlyArray<Mutant> = [
  mutant("a user's properties become texts", ["STO-5a"], (storage) => {
    const { users } = storage.stores
    return exchange(storage, {
      users: {
        save: (scope, user) =>
          users.save(scope, {
            ...user,
            properties: Object.fromEntries(
              Object.entries(user.properties).map(([name, value]) => [name, `${value}`])
            )
          })
      }
    })
  }),
  mutant("a key cannot be revoked", ["STO-5b"], (storage) => {
    const { keys } = storage.stores
    return exchange(storage, {
      keys: { save: (scope, key) => keys.save(scope, { ...key, revokedAt: null }) }
    })
  }),
  mutant("a token forgets the key that it was made with", ["STO-5b"], (storage) => {
    const { keys } = storage.stores
    return exchange(storage, {
      keys: { save: (scope, key) => keys.save(scope, { ...key, madeBy: null }) }
    })
  }),
  mutant("a key's old hash goes on", ["STO-5c"], (storage) => {
    const { keys } = storage.stores
    const old = new Map<string, string>()
    return {
      ...exchange(storage, {
        keys: {
          save: (scope, key) => {
            if (!old.has(key.hash)) old.set(key.hash, key.id)
            return keys.save(scope, key)
          }
        }
      }),
      maintenance: {
        ...storage.maintenance,
        findKey: Effect.fnUntraced(function* (hash) {
          const found = yield* storage.maintenance.findKey(hash)
          const later = [...old].filter(([, id]) => id === old.get(hash)).at(-1)
          return Option.isSome(found) || later === undefined
            ? found
            : yield* storage.maintenance.findKey(later[0])
        })
      }
    }
  }),
  mutant("an agent's state is not kept", ["STO-5d"], (storage) => {
    const { agents } = storage.stores
    return exchange(storage, {
      agents: { save: (scope, agent) => agents.save(scope, { ...agent, state: "active" }) }
    })
  }),
  mutant("a user does not see the shared agents", ["STO-5e"], (storage) => {
    const { agents } = storage.stores
    return exchange(storage, {
      agents: {
        find: (scope, id) =>
          Effect.map(
            agents.find(scope, id),
            Option.filter(({ owner }) => owner !== null || Option.isNone(scope.userId))
          )
      }
    })
  }),
  mutant(
    "a binding is not taken off",
    ["ISO-1 bindings.unpin", "ISO-2 bindings.unpin", "STO-5f"],
    (storage) => exchange(storage, { bindings: { unpin: () => Effect.void } })
  ),
  mutant(
    "an attachment stays",
    ["ISO-1 bindings.detach", "ISO-2 bindings.detach", "STO-5g"],
    (storage) => exchange(storage, { bindings: { detach: () => Effect.void } })
  ),
  mutant("a tenant keeps its first plan", ["STO-5h"], (storage) => ({
    ...storage,
    maintenance: {
      ...storage.maintenance,
      saveTenant: Effect.fnUntraced(function* (tenant) {
        const found = yield* storage.maintenance.findTenant(tenant.id)
        const plan = Option.match(found, {
          onNone: () => tenant.plan,
          onSome: (kept) => kept.plan
        })
        yield* storage.maintenance.saveTenant({ ...tenant, plan })
      })
    }
  }))
]
