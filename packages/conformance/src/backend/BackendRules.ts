/** The rule book of backends, in chapters. */

import type * as Effect from "effect/Effect"
import { facadesOfBackend } from "../pipeline/Facades.ts"
import type { Chapter } from "../Suite.ts"
import { agents } from "./Agents.ts"
import { approvals } from "./Approvals.ts"
import type { BackendCapabilities, BackendRule } from "./BackendRule.ts"
import { calls } from "./Calls.ts"
import { troubles } from "./Troubles.ts"
import { turns } from "./Turns.ts"

export const backendChapters: ReadonlyArray<
  Chapter<BackendCapabilities, Effect.Services<BackendRule["check"]>>
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
  { name: "troubles", rules: troubles },
  { name: "tools", rules: [...calls, ...approvals] }
]

/** Every rule that a backend must keep. */
export const backendRules: ReadonlyArray<BackendRule> = backendChapters.flatMap(
  ({ rules }) => rules
)
