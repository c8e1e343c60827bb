/** Tools as a language model is told of them. They are run by core and by the loop, never by effect/ai. */
import type { ToolSpec } from "@atrium/core/tools/ToolSpec"
import * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** What a model needs to know of a tool. */
export type Described = Pick<ToolSpec, "name" | "description" | "input">

const dynamic = ({ description, input, name }: Described) =>
  Tool.dynamic(name, { description, parameters: { ...input } })

type Told = ReturnType<typeof dynamic>

export type Tools = Toolkit.WithHandler<Record<string, Told>>

/** A tool is described once: providers keep what they made of it by its identity. */
const known = new WeakMap<Described, Told>()

const toldOf = (described: Described): Told => {
  const before = known.get(described)
  if (before !== undefined) return before
  const told = dynamic(described)
  known.set(described, told)
  return told
}

/** In the order given, so that prompts of a template begin alike. */
export const toolsOf = (described: ReadonlyArray<Described>): Tools => ({
  tools: Object.fromEntries(described.map((one) => [one.name, toldOf(one)])),
  handle: (name) => Effect.die(new Error(`The tool "${String(name)}" was to be run by effect/ai.`))
})

const readSchema = Schema.decodeUnknownSync(Schema.JsonObject)

/** The JSON schema of a tool's input; nothing but its properties may be in it. */
export const inputOf = (schema: Schema.Constraint): Schema.JsonObject => ({
  ...readSchema(Tool.getJsonSchemaFromSchema(schema)),
  additionalProperties: false
})
