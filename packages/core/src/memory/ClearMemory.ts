/** What core keeps in memory of an agent goes with the agent. */
import * as Effect from "effect/Effect"
import type { StorageError } from "../errors.ts"
import type { Storage } from "../storage/Storage.ts"
import type { TenantScope } from "../tenancy/Principal.ts"

/**
 * Removes the agent's blocks, with their history, its passages and their words, as far as the scope
 * owns them: of all users for a tenant-wide one. Joins the transaction it is in.
 */
export const clearMemory = (
  storage: Storage["Service"],
  scope: TenantScope,
  agentId: string
): Effect.Effect<void, StorageError> =>
  storage.transact(
    Effect.gen(function* () {
      const { blocks, passages, words } = storage.stores
      yield* blocks.clear(scope, agentId, null)
      yield* passages.clear(scope, { kind: "agent", id: agentId })
      yield* words.clear(scope, { kind: "agent", id: agentId })
    })
  )
