/** An agent as a caller may see and change its memory. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { MemoryError, type StorageError, type TurnError } from "../errors.ts"
import { UserId } from "../ids.ts"
import type { AgentRecord } from "../storage/AgentStore.ts"
import type { Storage } from "../storage/Storage.ts"
import * as Audit from "../tenancy/Audit.ts"
import { type Asker, askerWith, asUser, wholeTenant } from "../tenancy/Permissions.ts"
import type { Principal, TenantScope } from "../tenancy/Principal.ts"

/** Who asks for what agents remember. */
export const asker: Effect.Effect<Asker, TurnError, Principal> = askerWith("memory")

/**
 * An agent and the user whose memory with it is read: the caller; for an operator the agent's owner,
 * and the caller on an agent that all share. `reads`: the scope of that user's reads.
 */
export interface AgentView extends Asker {
  readonly agent: AgentRecord
  readonly user: Option.Option<UserId>
  readonly reads: TenantScope
}

/** The agent, when it is there and the caller's to see; else `NotFound`, and a record of that. */
export const viewOf = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  id: string
): Effect.fn.Return<AgentView, TurnError | MemoryError | StorageError, Principal> {
  const asking = yield* asker
  const { caller, operator, scope } = asking
  const found = yield* storage.stores.agents.find(scope, id)
  if (Option.isNone(found)) {
    yield* Audit.refusedAccess(caller, "agent")
    return yield* MemoryError.because({ _tag: "NotFound", what: "agent" })
  }
  const agent = found.value
  const user = operator && agent.owner !== null ? Option.some(UserId(agent.owner)) : caller.userId
  const reads = Option.match(user, {
    onNone: () => wholeTenant(caller),
    onSome: (one) => asUser(caller, one)
  })
  return { ...asking, agent, user, reads }
})

/** Whose passages the caller adds to: its own; for an operator the owner's, or all users'. */
export const passagesOwner = ({ agent, operator, user }: AgentView): string | null =>
  agent.owner ?? (operator ? null : Option.getOrNull(user))
