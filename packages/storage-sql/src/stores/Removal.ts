/** Removing a conversation with all that belongs to it. */

import type { ConversationStore } from "@atrium/core/storage/ConversationStore"
import * as Effect from "effect/Effect"
import { CONFINED, mine } from "../Confine.ts"
import type { Sql } from "../Statement.ts"

/**
 * Removes a conversation of the scope, in one transaction, and tells whether it was there. A new
 * table whose rows belong to a conversation gets a statement here.
 */
export const removeConversation = (sql: Sql): ConversationStore["delete"] => {
  const conversation = sql.change(
    `delete from conversations where tenant = ? and id = ? and ${CONFINED}`
  )
  const rows = [`turns ${sql.dialect.indexedBy("turns_place")}`, "messages", "skips"].map((table) =>
    sql.write(`delete from ${table} where tenant = ? and conversation_id = ?`)
  )
  return (scope, id) =>
    sql.within(
      Effect.flatMap(conversation([scope.tenantId, id, mine(scope)]), (found) =>
        found === 0
          ? Effect.succeed(false)
          : Effect.as(
              Effect.forEach(rows, (remove) => remove([scope.tenantId, id]), { discard: true }),
              true
            )
      )
    )
}
