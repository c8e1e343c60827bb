/** Removing a conversation with all that belongs to it. */

import type { ConversationStore } from "@atrium/core/storage/ConversationStore"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CONFINED, mine } from "../Confine.ts"
import { type Reader, readFirst } from "../Reader.ts"
import type { Sql } from "../Statement.ts"
import { clearBlocks } from "./Blocks.ts"
import { clearWords } from "./Words.ts"

const agentOf = readFirst("conversation", (row: Reader) => row.text())

/**
 * Removes a conversation of the scope, in one transaction, and tells whether it was there. A new
 * table whose rows belong to a conversation gets a statement here. The ledger outlives it.
 */
export const removeConversation = (sql: Sql): ConversationStore["delete"] => {
  const conversation = sql.write(
    `delete from conversations where tenant = ? and id = ? and ${CONFINED} returning agent_id`
  )
  const blocks = clearBlocks(sql)
  const words = clearWords(sql)
  const rows = [`turns ${sql.dialect.indexedBy("turns_place")}`, "messages", "skips"].map((table) =>
    sql.write(`delete from ${table} where tenant = ? and conversation_id = ?`)
  )
  return (scope, id) =>
    sql.within(
      Effect.gen(function* () {
        const found = yield* Effect.flatMap(
          conversation([scope.tenantId, id, mine(scope)]),
          agentOf
        )
        if (Option.isNone(found)) return false
        yield* Effect.forEach(rows, (remove) => remove([scope.tenantId, id]), { discard: true })
        yield* blocks(scope, found.value, id)
        yield* words(scope, { kind: "conversation", id })
        return true
      })
    )
}
