/** Every list of the port: how to fill it, and how to read a page of it as ids. */

import type { StorageError } from "@atrium/core/errors"
import type { By, Page } from "@atrium/core/Page"
import type { Storage } from "@atrium/core/storage/Storage"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import * as Effect from "effect/Effect"
import * as Samples from "./Samples.ts"

/**
 * A list.
 * - `fill`: puts the items `ids`, made in this order, into the list of `scope`.
 * - `read`: a page of it, as ids.
 * - `ordered`: whether `ids`, ascending by bytes and made in this order, is the list's order.
 */
export interface Listing {
  readonly name: string
  readonly fill: (
    storage: Storage["Service"],
    scope: TenantScope,
    ids: ReadonlyArray<string>
  ) => Effect.Effect<unknown, StorageError>
  readonly read: (
    storage: Storage["Service"],
    scope: TenantScope,
    by: By
  ) => Effect.Effect<Page<string>, StorageError>
  readonly ordered: boolean
}

const each = (
  ids: ReadonlyArray<string>,
  write: (id: string, index: number) => Effect.Effect<unknown, StorageError>
) => Effect.forEach(ids, write, { discard: true })

const idOf = <A extends { readonly id: string }>(
  page: Effect.Effect<Page<A>, StorageError>
): Effect.Effect<Page<string>, StorageError> =>
  Effect.map(page, ({ items, next }) => ({ items: items.map(({ id }) => id), next }))

/** The lists that a scope confines. */
export const scopedListings: ReadonlyArray<Listing> = [
  {
    name: "users.list",
    fill: ({ stores }, scope, ids) => each(ids, (id) => stores.users.save(scope, Samples.user(id))),
    read: ({ stores }, scope, by) => idOf(stores.users.list(scope, by)),
    ordered: true
  },
  {
    name: "keys.list",
    fill: ({ stores }, scope, ids) =>
      each(ids, (id) =>
        stores.keys.save(scope, Samples.key(id, null, { hash: `${scope.tenantId} ${id}` }))
      ),
    read: ({ stores }, scope, by) => idOf(stores.keys.list(scope, by)),
    ordered: false
  },
  {
    name: "agents.list",
    fill: ({ stores }, scope, ids) =>
      each(ids, (id, i) =>
        stores.agents.save(scope, Samples.agent(id, null, { createdAt: Samples.now + i }))
      ),
    read: ({ stores }, scope, by) => idOf(stores.agents.list(scope, by)),
    ordered: true
  },
  {
    name: "bindings.list",
    fill: ({ stores }, scope, ids) =>
      each(ids, (id) => stores.bindings.attach(scope, { agentId: "agent", userId: id })),
    read: ({ stores }, scope, by) =>
      Effect.map(stores.bindings.list(scope, { agentId: "agent" }, by), ({ items, next }) => ({
        items: items.map(({ userId }) => userId),
        next
      })),
    ordered: false
  },
  {
    name: "bindings.list of a user",
    fill: ({ stores }, scope, ids) =>
      each(ids, (id) => stores.bindings.attach(scope, { agentId: id, userId: "user" })),
    read: ({ stores }, scope, by) =>
      Effect.map(stores.bindings.list(scope, { userId: "user" }, by), ({ items, next }) => ({
        items: items.map(({ agentId }) => agentId),
        next
      })),
    ordered: false
  },
  {
    name: "conversations.list",
    fill: ({ stores }, scope, ids) =>
      each(ids, (id, i) =>
        stores.conversations.resolve(
          scope,
          Samples.conversation(id, null, { createdAt: Samples.now + i })
        )
      ),
    read: ({ stores }, scope, by) => idOf(stores.conversations.list(scope, by)),
    ordered: true
  },
  {
    name: "messages.list",
    fill: ({ stores }, scope, ids) =>
      Effect.andThen(
        stores.conversations.resolve(scope, Samples.conversation("c", null)),
        stores.messages.append(
          scope,
          ids.map((id, i) => ({
            ...Samples.messageAt("c", null, Math.floor(i / 3) + 1, i % 3),
            message: Samples.message(id, id)
          }))
        )
      ),
    read: ({ stores }, scope, by) => idOf(stores.messages.list(scope, "c", by)),
    ordered: true
  },
  {
    name: "ledger.list",
    fill: ({ stores }, scope, ids) =>
      stores.ledger.append(
        scope,
        ids.map((id, i) => Samples.row(id, null, { at: Samples.now + Math.floor(i / 3) }))
      ),
    read: ({ stores }, scope, by) =>
      Effect.map(stores.ledger.list(scope, by), ({ items, next }) => ({
        items: items.map(({ turnId }) => turnId),
        next
      })),
    ordered: true
  },
  {
    name: "passages.list",
    fill: ({ stores }, scope, ids) =>
      stores.passages.insert(
        scope,
        ids.toReversed().map((id) => Samples.passage(id, Samples.source()))
      ),
    read: ({ stores }, scope, by) => idOf(stores.passages.list(scope, Samples.source(), by)),
    ordered: true
  },
  {
    name: "passages.list by tags",
    // Among others, because pages are whole also where most rows are left out.
    fill: ({ stores }, scope, ids) =>
      stores.passages.insert(
        scope,
        ids.flatMap((id) => [
          Samples.passage(`${id} a`, Samples.source("tagged"), { tags: ["a"] }),
          Samples.passage(`${id} b`, Samples.source("tagged"), { tags: ["b"] }),
          Samples.passage(`${id} c`, Samples.source("tagged"), { tags: ["b", "a"] })
        ])
      ),
    read: ({ stores }, scope, by) =>
      Effect.map(
        stores.passages.list(scope, Samples.source("tagged"), { ...by, tags: ["a", "b"] }),
        ({ items, next }) => ({ items: items.map(({ id }) => id.slice(0, -2)), next })
      ),
    ordered: true
  },
  {
    name: "documents.list",
    fill: ({ stores }, scope, ids) =>
      each(ids.toReversed(), (id) => stores.documents.save(scope, Samples.document("source", id))),
    read: ({ stores }, scope, by) =>
      Effect.map(stores.documents.list(scope, "source", by), ({ items, next }) => ({
        items: items.map(({ name }) => name),
        next
      })),
    ordered: true
  }
]

const unended = (name: "listLeft" | "listDue", owner: string): Listing => ({
  name,
  fill: ({ stores }, scope, ids) =>
    each(ids, (id) =>
      stores.conversations.resolve(scope, Samples.conversation(id, null, { unended: 1, owner }))
    ),
  read: ({ maintenance }, _scope, by) =>
    Effect.map(maintenance[name](Samples.now, by), ({ items, next }) => ({
      items: items.map(({ conversationId }) => conversationId),
      next
    })),
  ordered: false
})

/** The lists that span tenants. */
export const maintenanceListings: ReadonlyArray<Listing> = [
  {
    name: "listTenants",
    fill: ({ maintenance }, _scope, ids) =>
      each(ids, (id) => maintenance.saveTenant({ id, name: id, plan: "default" })),
    read: ({ maintenance }, _scope, by) => idOf(maintenance.listTenants(by)),
    ordered: false
  },
  unended("listLeft", "process"),
  unended("listDue", "")
]
