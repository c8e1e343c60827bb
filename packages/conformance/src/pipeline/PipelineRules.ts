/** The rule book of the pipeline, in chapters. */
import type { Storage } from "@atrium/core/storage/Storage"
import type { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import type { Chapter } from "../Suite.ts"
import { approvals } from "./Approvals.ts"
import { canaries } from "./Canaries.ts"
import { events } from "./Events.ts"
import { facades } from "./Facades.ts"
import { failing } from "./Failing.ts"
import type { House } from "./House.ts"
import { journal } from "./Journal.ts"
import { leaving } from "./Leaving.ts"
import { order } from "./Order.ts"
import type { PipelineCapabilities, PipelineRule } from "./PipelineRule.ts"
import { processes } from "./Processes.ts"
import { races } from "./Races.ts"
import { replay } from "./Replay.ts"
import { restart } from "./Restart.ts"
import { resuming } from "./Resuming.ts"
import { seeds } from "./Seeds.ts"
import { tenancy } from "./Tenancy.ts"

export const pipelineChapters: ReadonlyArray<
  Chapter<PipelineCapabilities, House | Storage | TenantResolver>
> = [
  { name: "events", rules: [...events, ...resuming] },
  { name: "replay", rules: replay },
  { name: "order", rules: order },
  { name: "leaving", rules: [...leaving, ...races] },
  { name: "restart", rules: restart },
  { name: "tools", rules: [...journal, ...approvals] },
  { name: "processes", rules: processes },
  { name: "failing", rules: failing },
  { name: "tenancy", rules: tenancy },
  { name: "sources", rules: seeds },
  { name: "isolation", rules: [...facades, ...canaries] }
]

/** Every rule that the pipeline must keep, over any storage and backend. */
export const pipelineRules: ReadonlyArray<PipelineRule> = pipelineChapters.flatMap(
  ({ rules }) => rules
)
