/** Storages that lose, forget or mix up what the pipeline rests on. */

import type { TenantScope } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { none } from "@atrium/core/turns/Usage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { exchange } from "../mutants/Mutant.ts"
import { type Mutant, storage } from "./Mutant.ts"

/** The whole tenant of a scope. */
const tenantOf = (tenant: string) =>
  Effect.flatMap(TenantResolver, (resolver) => resolver.renew({ tenant, scopes: [] })).pipe(
    Effect.provide(TenantResolver.layerTrusted),
    Effect.orDie
  )

export const storing: ReadonlyArray<Mutant> = [
  {
    ...storage(
      "what a dead process left is not listed",
      ["TRN-7a", "TRN-7b", "TRN-7c", "TRN-7d", "TRN-7g", "TRN-7h", "TRN-8d", "TRN-8h"],
      (given) => ({
        ...given,
        maintenance: {
          ...given.maintenance,
          listLeft: () => Effect.succeed({ items: [], next: Option.none() })
        }
      })
    ),
    mayFail: ["TRN-8f"]
  },
  storage("runs are not counted", ["TRN-7b", "TRN-7h"], (given) =>
    exchange(given, {
      turns: {
        advance: (scope, turn, facts) =>
          given.stores.turns.advance(scope, { ...turn, attempt: 0 }, facts)
      }
    })
  ),
  storage(
    "usage is not stored",
    ["TRN-10a", "TRN-1b", "TRN-1c", "TRN-1d", "TRN-1e", "TRN-2a", "TRN-2b"],
    (given) =>
      exchange(given, {
        turns: {
          advance: (scope, turn, facts) =>
            given.stores.turns.advance(
              scope,
              turn,
              facts.map((fact) => ("usage" in fact ? { ...fact, usage: none } : fact))
            )
        }
      })
  ),
  storage(
    "a fact is lost",
    [
      "ISO-1b",
      "ISO-2a",
      "TEN-7",
      "TRN-10a",
      "TRN-10b",
      "TRN-11a",
      "TRN-11b",
      "TRN-11d",
      "TRN-11f",
      "TRN-11g",
      "TRN-1b",
      "TRN-1c",
      "TRN-1d",
      "TRN-1e",
      "TRN-2a",
      "TRN-2b",
      "TRN-3a",
      "TRN-3b",
      "TRN-3f",
      "TRN-4a",
      "TRN-4c",
      "TRN-4e",
      "TRN-6d",
      "TRN-6f",
      "TRN-6h",
      "TRN-6i",
      "TRN-7a",
      "TRN-7c",
      "TRN-7d",
      "TRN-7e",
      "TRN-7f",
      "TRN-7g",
      "TRN-8a",
      "TRN-8c",
      "TRN-8d",
      "TRN-8e",
      "TRN-8f",
      "TRN-8g",
      "TRN-8h"
    ],
    (given) =>
      exchange(given, {
        turns: {
          facts: (scope, turn, sequence) =>
            Effect.map(given.stores.turns.facts(scope, turn, sequence), (facts) =>
              facts.filter(({ _tag }) => _tag !== "ModelCalled")
            )
        }
      })
  ),
  storage("failed turns stay in prompts", ["TRN-10b"], (given) =>
    exchange(given, { messages: { skip: () => Effect.void } })
  ),
  storage("the mark of a partial message is lost", ["TRN-4d", "TRN-6c", "TRN-8b"], (given) =>
    exchange(given, {
      messages: {
        append: (scope, records) =>
          given.stores.messages.append(
            scope,
            records.map((record) => ({
              ...record,
              message: { ...record.message, partial: false }
            }))
          )
      }
    })
  ),
  storage("a transcript keeps 100 messages", ["MEM-7a"], (given) =>
    exchange(given, {
      messages: {
        list: (scope, id, by) =>
          Effect.map(given.stores.messages.list(scope, id, { ...by, limit: 100 }), ({ items }) => ({
            items,
            next: Option.none()
          }))
      }
    })
  ),
  storage("a fence is not looked at", ["TRN-8d"], (given) =>
    exchange(given, {
      conversations: {
        advance: (scope, id, step) =>
          Effect.flatMap(given.stores.conversations.find(scope, id), (found) =>
            given.stores.conversations.advance(scope, id, {
              ...step,
              fence: Option.isSome(found) ? found.value.fence : step.fence
            })
          )
      }
    })
  ),
  storage("a cancel is not looked at", ["TRN-8b", "TRN-8g"], (given) =>
    exchange(given, {
      conversations: {
        advance: (scope, id, step) =>
          given.stores.conversations.advance(scope, id, { ...step, position: -1 })
      }
    })
  ),
  storage(
    "a turn's end is not looked at",
    [
      "TRN-10a",
      "TRN-11h",
      "TRN-1b",
      "TRN-1c",
      "TRN-1d",
      "TRN-1e",
      "TRN-2a",
      "TRN-2b",
      "TRN-2c",
      "TRN-2d",
      "TRN-3b",
      "TRN-6c",
      "TRN-6h",
      "TRN-8c"
    ],
    (given) =>
      exchange(given, {
        turns: {
          find: (scope, id) =>
            Effect.map(
              given.stores.turns.find(scope, id),
              Option.map((turn) => ({ ...turn, end: null }))
            )
        }
      })
  ),
  {
    ...storage(
      "every process thinks that it owns the storage",
      ["TRN-8a", "TRN-8b", "TRN-8c", "TRN-8d"],
      (given) => ({
        ...given,
        owners: "one"
      })
    ),
    mayFail: ["TRN-8e", "TRN-8f", "TRN-8g", "TRN-8h"]
  },
  {
    ...storage("turns are looked at in no order", ["TRN-11f", "TRN-7a", "TRN-8c"], (given) =>
      exchange(given, {
        turns: {
          unended: (scope, id) =>
            Effect.map(given.stores.turns.unended(scope, id), (found) => found.toReversed())
        }
      })
    ),
    mayFail: ["TRN-4d", "TRN-4e"]
  },
  {
    ...storage("every write commits by itself", ["TEN-2c"], (given) => ({
      ...given,
      transact: (self) => self
    })),
    mayFail: ["TRN-8f"]
  },
  storage(
    "a binding is made anew each time",
    ["SRC-1", "SRC-10", "SRC-11", "SRC-6", "SRC-7", "TEN-1a", "TEN-1b", "TEN-1c", "TRN-7a"],
    (given) => exchange(given, { bindings: { find: () => Effect.succeedNone } })
  ),
  storage(
    "a conversation of a key is made anew each time",
    ["SRC-1", "SRC-10", "SRC-7", "TEN-1b", "TEN-1c", "TRN-7a", "SRC-9"],
    (given) =>
      exchange(given, {
        conversations: {
          resolve: (scope, made) =>
            given.stores.conversations.resolve(scope, { ...made, key: made.id })
        }
      })
  ),
  storage("meters are never purged", ["TEN-2d"], (given) => ({
    ...given,
    maintenance: {
      ...given.maintenance,
      purgeLimits: (before, limit) =>
        before === Number.MAX_SAFE_INTEGER
          ? given.maintenance.purgeLimits(before, limit)
          : Effect.succeed(0)
    }
  })),
  storage("meters count less than they take", ["TEN-2a", "TEN-2b", "TEN-2c", "TRN-3f"], (given) =>
    exchange(given, {
      limits: {
        take: (scope, of, rate, now) =>
          given.stores.limits.take(scope, of, { ...rate, turns: rate.turns + 1 }, now)
      }
    })
  ),
  {
    ...storage("conversations are the tenant's", ["ISO-2a", "SRC-2", "SRC-3"], (given) =>
      exchange(given, {
        conversations: {
          find: (scope, id) =>
            Effect.flatMap(tenantOf(scope.tenantId), (all) =>
              given.stores.conversations.find(all, id)
            ),
          list: (scope, by) =>
            Effect.flatMap(tenantOf(scope.tenantId), (all) =>
              given.stores.conversations.list(all, by)
            )
        },
        messages: {
          list: (scope, id, by) =>
            Effect.flatMap(tenantOf(scope.tenantId), (all) =>
              given.stores.messages.list(all, id, by)
            )
        }
      })
    ),
    mayFail: ["SRC-6"]
  },
  {
    ...storage(
      "conversations are everybody's",
      ["ISO-1b", "ISO-2a", "ISO-4", "SRC-2", "SRC-3"],
      (given) => {
        /** What is found in one's own tenant, or else in one of two others. */
        const anywhere = <A, E>(
          scope: TenantScope,
          look: (scope: TenantScope) => Effect.Effect<A, E>,
          isThere: (found: A) => boolean
        ): Effect.Effect<A, E> =>
          Effect.gen(function* () {
            const others = yield* Effect.forEach([scope.tenantId, "acme", "a"], tenantOf)
            let found = yield* look(scope)
            for (const other of others) if (!isThere(found)) found = yield* look(other)
            return found
          })
        const { conversations, messages } = given.stores
        return exchange(given, {
          conversations: {
            find: (scope, id) => anywhere(scope, (of) => conversations.find(of, id), Option.isSome),
            list: (scope, by) =>
              anywhere(
                scope,
                (of) => conversations.list(of, by),
                ({ items }) => items.length > 0
              )
          },
          messages: {
            list: (scope, id, by) =>
              anywhere(
                scope,
                (of) => messages.list(of, id, by),
                ({ items }) => items.length > 0
              )
          }
        })
      }
    ),
    mayFail: ["SRC-6"]
  }
]
