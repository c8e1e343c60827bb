/** Deleting a conversation stops its turns: nobody could cancel them any more. */
import * as Effect from "effect/Effect"
import type { StorageError } from "../errors.ts"
import type { Storage } from "../storage/Storage.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import type { TurnQueue } from "../turns/TurnQueue.ts"

interface Parts {
  readonly storage: Storage["Service"]
  readonly queue: TurnQueue["Service"]
}

/**
 * Removes a conversation of the scope with everything in it, and stops the turns that this process
 * runs in it; another process finds out at its next commit. Tells whether it was there.
 */
export const removeConversation =
  ({ queue, storage }: Parts) =>
  (scope: TenantScope, id: string): Effect.Effect<boolean, StorageError> =>
    queue.exclusively(
      scope,
      id
    )(
      Effect.map(storage.transact(storage.stores.conversations.delete(scope, id)), (was) => {
        if (was) queue.forget(scope, id)
        return was
      })
    )
