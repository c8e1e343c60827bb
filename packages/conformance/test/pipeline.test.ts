import { Puppet, pipelineConformance } from "@atrium/conformance"
import { AgentBackend } from "@atrium/core/backend/AgentBackend"
import { Storage } from "@atrium/core/storage/Storage"
import * as Effect from "effect/Effect"

pipelineConformance({
  name: "memory and a puppet",
  storage: () => Storage.layerMemory,
  backend: AgentBackend.layer(Effect.sync(() => Puppet.make().driver))
})
