import { Puppet, pipelineConformance } from "@atrium/conformance"
import { AgentBackend } from "@atrium/core/backend/AgentBackend"
import { Storage } from "@atrium/core/storage/Storage"
import * as Effect from "effect/Effect"
import { givingWay } from "./pipeline/GivingWay.ts"

const backend = AgentBackend.layer(Effect.sync(() => Puppet.make().driver))

pipelineConformance({
  name: "memory",
  storage: () => Storage.layerMemory,
  backend,
  processes: true
})

// Every read and write takes a random time, as over a network: races that memory never meets.
pipelineConformance({
  name: "memory that gives way",
  storage: () => givingWay,
  backend,
  processes: true
})
