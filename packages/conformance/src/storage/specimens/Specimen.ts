/** What the isolation rules know about a method: how to call it so that a leak or a change would show. */
import type { StorageError } from "@atrium/core/errors"
import type { Stores } from "@atrium/core/storage/Storage"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import type * as Effect from "effect/Effect"

/** The ids of everything that a world holds. */
export interface Ids {
  readonly user: string
  readonly key: string
  readonly hash: string
  readonly agent: string
  readonly template: string
  /** An agent that the user is attached to. */
  readonly bound: string
  readonly conversation: string
  readonly conversationKey: string
  readonly turn: string
  readonly turnKey: string
  readonly block: string
  readonly passage: string
  /** A knowledge source of the tenant, and the name of its document. */
  readonly source: string
  readonly document: string
}

/** The ids of the world of `name`. */
export const idsOf = (name: string): Ids => ({
  user: `user-${name}`,
  key: `key-${name}`,
  hash: `hash-${name}`,
  agent: `agent-${name}`,
  template: `template-${name}`,
  bound: `${planted}-${name}`,
  conversation: `conversation-${name}`,
  conversationKey: `session-${name}`,
  turn: `turn-${name}`,
  turnKey: `send-${name}`,
  block: `block-${name}`,
  passage: `passage-${name}`,
  source: `source-${name}`,
  document: `document-${name}`
})

/** Is in every text that a world holds, and in no argument of a call. */
export const planted = "planted"
/** Is in every text that a call writes. */
export const attack = "attack"

/** An id that only a writer who says `owner` has taken. */
export const fresh = (id: string, owner: string | null): string => `${id} of ${owner ?? "nobody"}`

/**
 * A method's specimen.
 * - `call`: calls the method with `ids`. What it writes says that it belongs to `owner`, and differs
 *   from what is planted. By the world's own user it must find or change something.
 * - `namesIds`: whether the call names an id, so that a foreign one can be told from an unknown one.
 * - `by`: whether the world's user may do it, or only a scope that spans the tenant.
 * - `hiddenFrom`: users of other tenants only, or also other users of the tenant.
 */
export interface Specimen {
  readonly call: (
    stores: Stores,
    scope: TenantScope,
    ids: Ids,
    owner: string | null
  ) => Effect.Effect<unknown, StorageError>
  readonly namesIds: boolean
  readonly by: "user" | "tenant"
  readonly hiddenFrom: "tenants" | "users"
}

/** One for every method; a method that is not here fails the suite, and this does not compile. */
export type Specimens = {
  readonly [Store in keyof Stores]: { readonly [Method in keyof Stores[Store]]: Specimen }
}

type Call = Specimen["call"]

export const naming = (call: Call): Specimen => ({
  call,
  namesIds: true,
  by: "user",
  hiddenFrom: "users"
})
export const anonymous = (call: Call): Specimen => ({ ...naming(call), namesIds: false })
/** Reads what is the tenant's, as each of its users may. */
export const readByAll = (call: Call): Specimen => ({ ...naming(call), hiddenFrom: "tenants" })
/** Writes what is the tenant's, as none of its users may. */
export const operated = (call: Call): Specimen => ({ ...naming(call), by: "tenant" })
