/** What is searched together, with statistics of its own: no stranger's rows weigh in [ISO-6]. */
import * as Schema from "effect/Schema"
import type { TenantScope } from "../tenancy/Principal.ts"
import { owns, sees } from "./Confine.ts"

/**
 * An archive.
 * - `agent`: passages an agent keeps; `id` is the agent's, `userId` the user they were learned from,
 *   or null for what all users of a shared agent may read.
 * - `source`: a knowledge source of the tenant; `id` is its name, `userId` null.
 * - `conversation`: the messages of a conversation; `id` is the conversation's, `userId` its user.
 */
export const Archive = Schema.Struct({
  kind: Schema.Literals(["agent", "source", "conversation"]),
  id: Schema.String,
  userId: Schema.NullOr(Schema.String)
})
export type Archive = typeof Archive.Type

/** Where an agent keeps what it learned from `user`; null for what all its users may read. */
export const agentArchive = (agentId: string, user: string | null): Archive => ({
  kind: "agent",
  id: agentId,
  userId: user
})

/** Where the passages of a source's documents are. */
export const sourceArchive = (source: string): Archive => ({
  kind: "source",
  id: source,
  userId: null
})

/** Where a conversation's messages are found by their words. */
export const conversationArchive = ({
  id,
  userId
}: {
  readonly id: string
  readonly userId: string | null
}): Archive => ({ kind: "conversation", id, userId })

/** Where an archive's rows are kept, within the scope's tenant. An empty user stands for none. */
export const archivePath = (
  scope: TenantScope,
  { id, kind, userId }: Archive
): ReadonlyArray<string> => [scope.tenantId, kind, id, userId ?? ""]

/** True when the scope may read the archive: its user's, or one that no user owns. */
export const seesArchive = (scope: TenantScope, { userId }: Archive): boolean => sees(scope, userId)

/** True when the scope may write the archive: its user's; what all share, only a tenant-wide one. */
export const ownsArchive = (scope: TenantScope, { userId }: Archive): boolean => owns(scope, userId)
