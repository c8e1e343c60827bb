/** Agents that follow the kit's script: the backend over a scripted model. */
import type { BackendSubject } from "@atrium/conformance"
import { ScriptedModel, layer as scripted } from "@atrium/testing/ScriptedModel"
import type * as Prompt from "effect/ai/Prompt"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Native } from "../src/index.ts"

const isJson = Schema.is(Schema.Json)

const resultsIn = ({ content }: Prompt.Prompt) =>
  content.flatMap((message) =>
    message.role === "tool"
      ? message.content.flatMap((part) =>
          part.type === "tool-result"
            ? {
                tool: part.name,
                output: isJson(part.result) ? part.result : null,
                failed: part.isFailure
              }
            : []
        )
      : []
  )

export const tools: NonNullable<BackendSubject["tools"]> = Effect.gen(function* () {
  const services = yield* Layer.build(scripted())
  const model = Context.get(services, ScriptedModel)
  return {
    layer: Native.layer.pipe(Layer.provide(Layer.succeedContext(services))),
    script: (...lines) =>
      Effect.sync(() =>
        model.add(
          ...lines.map((line) =>
            typeof line === "string"
              ? line
              : { calls: line.map(({ input, tool }) => ({ name: tool, params: input })) }
          )
        )
      ),
    told: Effect.sync(() => {
      const last = model.asked().at(-1)
      return last === undefined ? [] : resultsIn(last.prompt)
    })
  }
})
