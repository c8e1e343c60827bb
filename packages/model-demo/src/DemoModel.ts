/**
 * The offline demonstration model: a language model without any AI, for trying an application out
 * before there is a key. It calls the tools that are offered (memory, passages, an order's state),
 * quotes what it finds with its source, and says so wherever it answers.
 */
import * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { streamedParts, wholeParts } from "./internal/parts.ts"
import { read } from "./internal/reading.ts"

export { label } from "./internal/answer.ts"

/** Its name as a template's `model`. */
export const handle = "demo/offline"

export interface Options {
  /** How long a stream waits before each word, so that streaming can be seen and stopped. Default 15 ms. */
  readonly wordDelay?: Duration.Input | undefined
}

const withoutObjects = (method: string): AiError.AiError =>
  AiError.make({
    module: "DemoModel",
    method,
    reason: new AiError.UnsupportedSchemaError({
      description:
        "The demonstration model answers in text only. For structured output set up a real model."
    })
  })

/**
 * The model. The same prompt and tools give the same answer, streamed or whole. It reaches no network
 * and keeps nothing. Fails only where structured output is asked for.
 */
export const make = ({
  wordDelay = "15 millis"
}: Options = {}): Effect.Effect<LanguageModel.LanguageModel> => {
  const delay = Duration.fromInputUnsafe(wordDelay)
  return LanguageModel.make({
    generateText: (options) =>
      options.responseFormat.type === "json"
        ? Effect.fail(withoutObjects("generateText"))
        : Effect.sync(() => wholeParts(read(options), options.prompt, handle)),
    streamText: (options) =>
      options.responseFormat.type === "json"
        ? Stream.fail(withoutObjects("streamText"))
        : Stream.suspend(() =>
            Stream.fromIterable(streamedParts(read(options), options.prompt, handle))
          ).pipe(
            Stream.mapEffect((part) =>
              part.type === "text-delta" && Duration.isPositive(delay)
                ? Effect.as(Effect.sleep(delay), part)
                : Effect.succeed(part)
            )
          )
  })
}

/** The model as the language model of an application. */
export const layer = (options: Options = {}): Layer.Layer<LanguageModel.LanguageModel> =>
  Layer.effect(LanguageModel.LanguageModel, make(options))
