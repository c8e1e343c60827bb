/** Every method's specimen. */
import type { Stores } from "@atrium/core/storage/Storage"
import * as Agents from "./Agents.ts"
import * as Conversations from "./Conversations.ts"
import * as Memory from "./Memory.ts"
import type { Specimen, Specimens } from "./Specimen.ts"
import * as Tenancy from "./Tenancy.ts"

export const specimens: Specimens = {
  users: Tenancy.users,
  keys: Tenancy.keys,
  limits: Tenancy.limits,
  agents: Agents.agents,
  bindings: Agents.bindings,
  conversations: Conversations.conversations,
  messages: Conversations.messages,
  turns: Conversations.turns,
  ledger: Conversations.ledger,
  blocks: Memory.blocks,
  passages: Memory.passages,
  documents: Memory.documents,
  words: Memory.words
}

/** Names of the methods of every store, such as `users.find`. */
export const methodsOf = (stores: Specimens | Stores): ReadonlyArray<string> =>
  Object.entries(stores).flatMap(([store, methods]) =>
    Object.keys(methods).map((method) => `${store}.${method}`)
  )

/** The specimens by the names of their methods. */
export const byMethod: ReadonlyArray<readonly [method: string, specimen: Specimen]> =
  Object.entries(specimens).flatMap(([store, methods]) =>
    Object.entries<Specimen>(methods).map(
      ([method, specimen]) => [`${store}.${method}`, specimen] as const
    )
  )
