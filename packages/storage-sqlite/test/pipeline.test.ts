/** The rule book of the pipeline, on SQLite. */
import { Puppet, pipelineConformance } from "@atrium/conformance"
import { AgentBackend } from "@atrium/core/backend/AgentBackend"
import * as Effect from "effect/Effect"
import * as Sqlite from "../src/Sqlite.ts"

pipelineConformance({
  name: "sqlite",
  storage: ({ file }) => Sqlite.layer({ file }),
  backend: AgentBackend.layer(Effect.sync(() => Puppet.make().driver))
})
