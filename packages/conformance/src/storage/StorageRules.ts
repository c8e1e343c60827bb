/** The rule book of storages, in chapters. */
import type { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import type { Chapter } from "../Suite.ts"
import { isolation } from "./Isolation.ts"
import type { Place, StorageCapabilities, StorageRule } from "./StorageRule.ts"

export const storageChapters: ReadonlyArray<Chapter<StorageCapabilities, Place | TenantResolver>> =
  [{ name: "isolation", rules: isolation }]

/** Every rule that a storage must keep. */
export const storageRules: ReadonlyArray<StorageRule> = storageChapters.flatMap(
  ({ rules }) => rules
)
