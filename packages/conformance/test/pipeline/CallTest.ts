/** Tests whose lives share a puppet and its tools, over both storages. */
import { type PipelineRule, Puppet, runPipelineRule } from "@atrium/conformance"
import { AgentBackend } from "@atrium/core/backend/AgentBackend"
import { TurnId } from "@atrium/core/ids"
import { Storage } from "@atrium/core/storage/Storage"
import { Turns } from "@atrium/core/turns/Turns"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Opening } from "../../src/pipeline/House.ts"
import { timed } from "../../src/pipeline/PipelineRule.ts"
import * as Toolbox from "../../src/pipeline/Toolbox.ts"
import { givingWay } from "./GivingWay.ts"

const backend = AgentBackend.layer(Effect.sync(() => Puppet.make().driver))

type Box = ReturnType<typeof Toolbox.make>
type Check = PipelineRule["check"]

/** One such test. */
export const test = (
  sentence: string,
  script: (box: Box) => Puppet.Script,
  check: (box: Box, opening: Opening, puppet: Puppet.Puppet) => Check
) =>
  describe(sentence, () => {
    for (const [name, storage] of [
      ["memory", Storage.layerMemory],
      ["memory that gives way", givingWay]
    ] as const) {
      it.live(
        name,
        () => {
          const box = Toolbox.make()
          const puppet = Puppet.make(script(box))
          const opening = { backend: puppet.driver, agents: Toolbox.withTools }
          const rule = timed({
            id: "",
            sentence,
            check: box.provide(check(box, opening, puppet))
          })
          return runPipelineRule(rule, { storage: () => storage, backend }, 20_000)
        },
        25_000
      )
    }
  })

export const decide = (id: string, callId: string, approved: boolean) =>
  Effect.flatMap(Turns, (turns) => turns.decide(TurnId(id), callId, approved))
