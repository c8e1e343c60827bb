/** The rule book of storages, in chapters. */
import type { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import type { Chapter } from "../Suite.ts"
import { concurrency } from "./Concurrency.ts"
import { isolation } from "./Isolation.ts"
import { limits } from "./Limits.ts"
import type { Place, StorageCapabilities, StorageRule } from "./StorageRule.ts"
import { transactions } from "./Transactions.ts"

export const storageChapters: ReadonlyArray<Chapter<StorageCapabilities, Place | TenantResolver>> =
  [
    { name: "isolation", rules: isolation },
    { name: "limits", rules: limits },
    { name: "transactions", rules: transactions },
    { name: "concurrency", rules: concurrency }
  ]

/** Every rule that a storage must keep. */
export const storageRules: ReadonlyArray<StorageRule> = storageChapters.flatMap(
  ({ rules }) => rules
)
