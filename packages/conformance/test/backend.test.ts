import { backendConformance, Puppet } from "@atrium/conformance"
import { AgentBackend } from "@atrium/core/backend/AgentBackend"
import * as Effect from "effect/Effect"
import { fake } from "./backend/Fake.ts"

backendConformance({ name: "a fake vendor", layer: fake(), vendor: fake() })

backendConformance({
  name: "a puppet",
  layer: AgentBackend.layer(Effect.sync(() => Puppet.make().driver))
})
