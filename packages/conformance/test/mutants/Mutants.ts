/** Every mutant. */
import { blocks } from "./Blocks.ts"
import { conversations } from "./Conversations.ts"
import { isolation } from "./Isolation.ts"
import { ledger } from "./Ledger.ts"
import { limits } from "./Limits.ts"
import { lists } from "./Lists.ts"
import { lookAlikes } from "./LookAlikes.ts"
import { messages } from "./Messages.ts"
import type { Mutant } from "./Mutant.ts"
import { opening } from "./Opening.ts"
import { passages } from "./Passages.ts"
import { records } from "./Records.ts"
import { transactions } from "./Transactions.ts"
import { turns } from "./Turns.ts"
import { words } from "./Words.ts"

export const mutants: ReadonlyArray<Mutant> = [
  ...isolation,
  ...lookAlikes,
  ...limits,
  ...transactions,
  ...lists,
  ...records,
  ...conversations,
  ...messages,
  ...turns,
  ...ledger,
  ...blocks,
  ...passages,
  ...words,
  ...opening
]
