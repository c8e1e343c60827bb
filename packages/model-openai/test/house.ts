/** What the tests of this package share: a fake server, and models of it. */

import * as FakeModel from "@atrium/testing/FakeModel"
import type { AiError } from "effect/ai/AiError"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as OpenAi from "../src/OpenAi.ts"

/** A key of a server that has no habit of its own for them; never seen outside a request's header. */
export const KEY = "51f2a9c7d0e84b36"

/** A fake server and the models of it. */
export const house = Effect.fnUntraced(function* (options: Partial<OpenAi.Options> = {}) {
  const server = yield* FakeModel.make()
  const models = yield* OpenAi.make({
    apiKey: Redacted.make(KEY),
    baseUrl: server.url,
    timeout: "5 seconds",
    ...options
  })
  return { server, models, model: models("gpt-fake") }
})

/** The two ways to ask, as effects that give the text. */
export const ways = [
  [
    "whole",
    (model: LanguageModel.LanguageModel, prompt = "hello"): Effect.Effect<string, AiError> =>
      Effect.map(model.generateText({ prompt }), ({ text }) => text)
  ],
  [
    "streamed",
    (model: LanguageModel.LanguageModel, prompt = "hello"): Effect.Effect<string, AiError> =>
      Effect.map(Stream.runCollect(model.streamText({ prompt })), (parts) =>
        parts.map((part) => (part.type === "text-delta" ? part.delta : "")).join("")
      )
  ]
] as const

/** Waits until a server's state is as wanted; the test's own time-out ends a wait that is vain. */
export const until = (holds: () => boolean): Effect.Effect<void> =>
  Effect.promise(async () => {
    while (!holds()) await new Promise((resume) => setTimeout(resume, 2))
  })
