/** What a span tells of a call, under the names of OpenTelemetry's conventions. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import { house, ways } from "./house.ts"

describe("a span", () => {
  for (const [way, ask] of ways) {
    it.live(`${way}: tells what was asked and answered, and no text`, () => {
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      return Effect.gen(function* () {
        const { model, server } = yield* house()
        server.plan({ _tag: "Says", text: "a secret", usage: { input: 7, output: 2 } })
        yield* ask(model, "another secret")
        const span = spans.find(({ name }) => name.startsWith("LanguageModel."))
        const told = Object.fromEntries(span?.attributes ?? [])
        assert.deepInclude(told, {
          "gen_ai.provider.name": "openai",
          "gen_ai.operation.name": "chat",
          "gen_ai.request.model": "gpt-fake",
          "gen_ai.response.id": "chatcmpl-1",
          "gen_ai.response.model": "gpt-fake",
          "gen_ai.response.finish_reasons": ["stop"],
          "gen_ai.usage.input_tokens": 7,
          "gen_ai.usage.output_tokens": 2
        })
        assert.notInclude(JSON.stringify(told), "secret")
      }).pipe(Effect.provideService(Tracer.Tracer, tracer))
    })
  }
})
