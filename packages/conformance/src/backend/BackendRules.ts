/** The rule book of backends, in chapters. */
import type { Storage } from "@atrium/core/storage/Storage"
import type { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { facadesOfBackend } from "../pipeline/Facades.ts"
import type { House } from "../pipeline/House.ts"
import type { Chapter } from "../Suite.ts"
import { agents } from "./Agents.ts"
import type { BackendCapabilities, BackendRule } from "./BackendRule.ts"
import { troubles } from "./Troubles.ts"
import { turns } from "./Turns.ts"
import type { Vendor } from "./Vendor.ts"

export const backendChapters: ReadonlyArray<
  Chapter<BackendCapabilities, House | Storage | TenantResolver | Vendor>
> = [
  { name: "turns", rules: turns },
  { name: "agents", rules: agents },
  {
    name: "isolation",
    rules: facadesOfBackend.map(({ check, id, rows = [], sentence }) => ({
      check,
      id,
      rows,
      sentence
    }))
  },
  { name: "troubles", rules: troubles }
]

/** Every rule that a backend must keep. */
export const backendRules: ReadonlyArray<BackendRule> = backendChapters.flatMap(
  ({ rules }) => rules
)
