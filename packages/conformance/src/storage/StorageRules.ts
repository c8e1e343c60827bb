/** The rule book of storages, in chapters. */
import type { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import type { Chapter } from "../Suite.ts"
import { blockPlaces } from "./BlockPlaces.ts"
import { blocks } from "./Blocks.ts"
import { concurrency } from "./Concurrency.ts"
import { conversations } from "./Conversations.ts"
import { copies } from "./Copies.ts"
import { isolation } from "./Isolation.ts"
import { ledger } from "./Ledger.ts"
import { limits } from "./Limits.ts"
import { lists } from "./Lists.ts"
import { lookAlikeArchives } from "./LookAlikeArchives.ts"
import { lookAlikes } from "./LookAlikes.ts"
import { messages } from "./Messages.ts"
import { opening } from "./Opening.ts"
import { passages } from "./Passages.ts"
import { records } from "./Records.ts"
import type { Place, StorageCapabilities, StorageRule } from "./StorageRule.ts"
import { transactions } from "./Transactions.ts"
import { turns } from "./Turns.ts"
import { words } from "./Words.ts"

type StorageChapter = Chapter<StorageCapabilities, Place | TenantResolver>

export const storageChapters: ReadonlyArray<StorageChapter> = [
  { name: "isolation", rules: isolation },
  { name: "look-alike ids", rules: [...lookAlikes, ...lookAlikeArchives] },
  { name: "limits", rules: limits },
  { name: "transactions", rules: transactions },
  { name: "concurrency", rules: concurrency },
  { name: "lists", rules: lists },
  { name: "copies", rules: copies },
  { name: "records", rules: records },
  { name: "conversations", rules: conversations },
  { name: "messages", rules: messages },
  { name: "turns", rules: turns },
  { name: "ledger", rules: ledger },
  { name: "blocks", rules: [...blocks, ...blockPlaces] },
  { name: "passages", rules: passages },
  { name: "words", rules: words },
  { name: "opening", rules: opening }
]

/** Every rule that a storage must keep. */
export const storageRules: ReadonlyArray<StorageRule> = storageChapters.flatMap(
  ({ rules }) => rules
)
