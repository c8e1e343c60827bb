import { backendConformance, Puppet } from "@atrium/conformance"
import { AgentBackend } from "@atrium/core/backend/AgentBackend"
import * as Effect from "effect/Effect"
import { subject } from "./backend/Fake.ts"

backendConformance({ name: "a fake vendor", ...subject() })

backendConformance({
  name: "a puppet that calls no tools",
  layer: AgentBackend.layer(
    Effect.sync(() => {
      const { driver } = Puppet.make()
      return { ...driver, turns: { run: driver.turns.run } }
    })
  )
})
