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
  turnKey: `send-${name}`
})

/** Is in every text that a world holds, and in no argument of a call. */
export const planted = "planted"
/** Is in every text that a call writes. */
export const attack = "attack"

/**
 * A method's specimen.
 * - `call`: calls the method with `ids`. What it writes says that it belongs to `owner`, and differs
 *   from what is planted. By the world's own user it must find or change something.
 * - `namesIds`: whether the call names an id, so that a foreign one can be told from an unknown one.
 */
export interface Specimen {
  readonly call: (
    stores: Stores,
    scope: TenantScope,
    ids: Ids,
    owner: string | null
  ) => Effect.Effect<unknown, StorageError>
  readonly namesIds: boolean
}

/** One for every method; a method that is not here fails the suite, and this does not compile. */
export type Specimens = {
  readonly [Store in keyof Stores]: { readonly [Method in keyof Stores[Store]]: Specimen }
}

export const naming = (call: Specimen["call"]): Specimen => ({ call, namesIds: true })
export const anonymous = (call: Specimen["call"]): Specimen => ({ call, namesIds: false })
