/** Made from the list of methods, as the rules are: a leak to tenants, one to users, and an oracle. */

import { StorageError } from "@atrium/core/errors"
import { Storage } from "@atrium/core/storage/Storage"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { exchange, intercept, isScope, type Mutant, mutant, scopeOf } from "./Mutant.ts"

const methods: ReadonlyArray<string> = Effect.runSync(
  Effect.provide(
    Effect.map(Storage, ({ stores }) =>
      Object.entries(stores).flatMap(([store, methods]) =>
        Object.keys(methods).map((method) => `${store}.${method}`)
      )
    ),
    Storage.layerMemory
  )
)

const userOf = ({ userId }: TenantScope) => Option.getOrElse(userId, () => "")

/** `method` answers strangers as the scope that came first, which is that of the rule's A. */
const leak = (
  method: string,
  name: string,
  fails: ReadonlyArray<string>,
  isStranger: (scope: TenantScope, first: TenantScope) => boolean
): Mutant => ({
  ...mutant(`${method} ${name}`, fails, (storage) => {
    let first: TenantScope | undefined
    return intercept(storage, (called, args, run) => {
      const [scope, ...rest] = args
      if (!isScope(scope)) return run(args)
      first ??= scope
      const as = operated.has(method) ? scopeOf(first.tenantId) : first
      return run(called === method && isStranger(scope, first) ? [as, ...rest] : args)
    })
  }),
  ofMethod: method
})

/** Only a scope that spans the tenant may. */
const operated = new Set(["documents.save", "documents.delete"])

/** Each user of the tenant may, so there is no rule about other ones. */
const readByAll = new Set(["documents.find", "documents.list"])

/** Answers nothing but void, so that a foreign id and an unknown one cannot be told apart. */
const mute = new Set([
  "users.save",
  "keys.save",
  "agents.save",
  "agents.delete",
  "bindings.unpin",
  "bindings.attach",
  "bindings.detach",
  "conversations.save",
  "messages.append",
  "messages.skip",
  "turns.insert",
  "ledger.append",
  "blocks.insert",
  "blocks.clear",
  "passages.insert",
  "passages.delete",
  "passages.clear",
  "documents.save",
  "documents.delete",
  "words.add",
  "words.remove",
  "words.clear"
])

/** Names no id: there is no rule about unknown ones. */
const anonymous = new Set([
  "users.list",
  "keys.list",
  "limits.take",
  "limits.left",
  "agents.list",
  "conversations.list",
  "ledger.list",
  "ledger.total"
])

const tells = (method: string) =>
  mute.has(method) || anonymous.has(method) ? [] : [`ISO-3 ${method}`]

/** A stranger of a third tenant, whom the rule compares with, is answered as A too. */
const alsoFails: Readonly<Record<string, ReadonlyArray<string>>> = {
  "limits.left": ["ISO-2 limits.left"],
  "ledger.total": ["ISO-2 ledger.total"]
}

const generated = methods.flatMap(
  (method): ReadonlyArray<Mutant> => [
    leak(
      method,
      "does not look at the tenant",
      [`ISO-1 ${method}`, ...tells(method), ...(alsoFails[method] ?? [])],
      (scope, first) => scope.tenantId !== first.tenantId
    ),
    ...(readByAll.has(method)
      ? []
      : [
          leak(
            method,
            "does not look at the user",
            [`ISO-2 ${method}`, ...tells(method)],
            (scope, first) => scope.tenantId === first.tenantId && userOf(scope) !== userOf(first)
          )
        ]),
    ...(anonymous.has(method)
      ? []
      : [
          {
            ...mutant(
              `${method} refuses an id that is somebody else's`,
              [`ISO-3 ${method}`],
              (storage) => {
                let first: TenantScope | undefined
                return intercept(storage, (called, args, run) => {
                  const [scope, ...rest] = args
                  if (!isScope(scope)) return run(args)
                  first ??= scope
                  const own =
                    scope.tenantId === first.tenantId && ["", userOf(first)].includes(userOf(scope))
                  const foreign = JSON.stringify(rest).includes("-alpha")
                  return called === method && !own && foreign
                    ? Effect.fail(StorageError.because({ _tag: "Forbidden", scope: "operator" }))
                    : run(args)
                })
              }
            ),
            ofMethod: method
          }
        ])
  ]
)

export const isolation: ReadonlyArray<Mutant> = [
  ...generated,
  mutant("a store has a method that the kit does not know", ["ISO-1"], (storage) =>
    exchange(storage, {
      users: Object.assign({}, storage.stores.users, { erase: () => Effect.void })
    })
  )
]
