/**
 * Language models behind OpenAI's Chat Completions: OpenAI itself, or any server that speaks the same
 * protocol. One call is one request: nothing is retried here, since the loop that asks decides by the
 * kind of the error (`reasonOf` of core's backend/ReasonOf says it in Atrium's words).
 */
import { ModelHandle } from "@atrium/core/backend/ModelHandle"
import { BackendError } from "@atrium/core/errors"
import * as LanguageModel from "effect/ai/LanguageModel"
import { toCodecOpenAI } from "effect/ai/OpenAiStructuredOutput"
import * as Clock from "effect/Clock"
import type * as Config from "effect/Config"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ask, askStream, readingError } from "./internal/ask.ts"
import { type Endpoint, faultOfModel, makeEndpoint } from "./internal/endpoint.ts"
import { unsendable } from "./internal/failures.ts"
import { annotate, type Reading } from "./internal/parts.ts"
import { bodyOf } from "./internal/request.ts"
import { assemble } from "./internal/streamed.ts"
import { partsOfWhole } from "./internal/whole.ts"
import { faultOfHandle, parseHandle, settings } from "./Settings.ts"

/** A server and how to call it. */
export interface Options {
  /** Wanted by OpenAI itself; a server with another base URL may do without. */
  readonly apiKey?: Redacted.Redacted | undefined
  /** As in `http://127.0.0.1:11434/v1`. Default: OpenAI's. */
  readonly baseUrl?: string | undefined
  /** How long the server may be silent, before its answer and within it. Default 120 s. */
  readonly timeout?: Duration.Input | undefined
  /** Sent with every request as they are, as in `{ temperature: 0, max_completion_tokens: 500 }`. */
  readonly parameters?: { readonly [name: string]: Schema.Json } | undefined
}

/** Gives the model of a name, as its server calls it: `gpt-5-mini`. The same name gives the same model. */
export type Models = (model: string) => LanguageModel.LanguageModel

/** Gives the model of a template's handle, `provider/model`; `Rejected` where it cannot be asked for. */
export type ModelsByHandle = (
  handle: string
) => Effect.Effect<LanguageModel.LanguageModel, BackendError>

const rejected = (why: string): BackendError =>
  BackendError.because({ _tag: "Rejected", field: "model", why })

/** The name to ask for, as its server calls it, or a sentence that says why there is none. */
type Named = Effect.Effect<Result.Result<string, string>>

const checked = (model: string): Result.Result<string, string> => {
  const fault = faultOfModel(model)
  return fault === undefined
    ? Result.succeed(model)
    : Result.fail(`The name of the model ${fault}.`)
}

const languageModel = (
  endpoint: Endpoint,
  parameters: Readonly<Record<string, Schema.Json>>,
  name: Named
): Effect.Effect<LanguageModel.LanguageModel> => {
  const begin = Effect.fnUntraced(function* (
    method: Reading["method"],
    options: LanguageModel.ProviderOptions
  ) {
    const clock = yield* Clock.Clock
    const number = yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)
    const named = yield* name
    const model = Result.getOrElse(named, () => "")
    const reading: Reading = {
      method,
      endpoint,
      prompt: options.prompt,
      nowMs: () => clock.currentTimeMillisUnsafe(),
      options,
      model,
      callPrefix: `call_${number.toString(36)}`
    }
    if (Result.isFailure(named)) return yield* unsendable(reading, "model", named.failure)
    const body = bodyOf(model, parameters, options)
    if (Result.isFailure(body)) {
      return yield* unsendable(reading, body.failure.parameter, body.failure.why)
    }
    annotate(reading)
    return { reading, body: body.success }
  })
  return LanguageModel.make({
    codecTransformer: toCodecOpenAI,
    generateText: Effect.fnUntraced(function* (options) {
      const { body, reading } = yield* begin("generateText", options)
      const answer = yield* ask(reading, body)
      return yield* Effect.try({
        try: () => partsOfWhole(reading, answer),
        catch: readingError
      })
    }),
    streamText: (options) =>
      Stream.unwrap(
        Effect.map(begin("streamText", options), ({ body, reading }) =>
          askStream(reading, body, assemble(reading))
        )
      )
  })
}

/**
 * Models of one server, by name. Fails with `Rejected` where a setting cannot be right; nothing is
 * sent before a model is asked. A name that no server can have is refused when it is asked.
 */
export const make = Effect.fn("OpenAi.make")(function* (
  options: Options
): Effect.fn.Return<Models, BackendError> {
  const endpoint = yield* makeEndpoint(options)
  const context = yield* Effect.context<never>()
  /** Names come from templates, so they are few. A model keeps what it prepared for its tools. */
  const known = new Map<string, LanguageModel.LanguageModel>()
  return (name) => {
    const before = known.get(name)
    if (before !== undefined) return before
    const made = Effect.runSyncWith(context)(
      languageModel(endpoint, options.parameters ?? {}, Effect.succeed(checked(name)))
    )
    known.set(name, made)
    return made
  }
})

/** One model. Fails with `Rejected` where a setting cannot be right. */
export const layer = (
  options: Options & { readonly model: string }
): Layer.Layer<LanguageModel.LanguageModel, BackendError> =>
  Layer.effect(
    LanguageModel.LanguageModel,
    Effect.gen(function* () {
      const fault = faultOfModel(options.model)
      if (fault !== undefined) return yield* rejected(`The name of the model ${fault}.`)
      return (yield* make(options))(options.model)
    })
  )

/** What the environment does not say. */
export type Defaults = Omit<Options, "apiKey" | "baseUrl">

/** The name that a handle has at the server of `baseUrl`. */
const namedBy = (handle: string, baseUrl: string | undefined): Result.Result<string, string> => {
  const quoted = JSON.stringify(handle.slice(0, 200))
  const named = parseHandle(handle)
  if (Result.isFailure(named)) return Result.fail(`The model ${quoted} ${named.failure}.`)
  const fault = faultOfHandle(named.success, baseUrl)
  return fault === undefined
    ? Result.succeed(named.success.model)
    : Result.fail(`The model ${quoted} ${fault}.`)
}

/**
 * Models by the handles of templates, of the server that the environment names (see `Settings`).
 * Where `ATRIUM_MODEL` is set, its model is given in place of every other.
 */
export const makeConfig = Effect.fn("OpenAi.makeConfig")(function* (
  defaults: Defaults = {}
): Effect.fn.Return<ModelsByHandle, Config.ConfigError | BackendError> {
  const { apiKey, baseUrl, model: forced } = yield* settings
  const models = yield* make({ ...defaults, apiKey, baseUrl })
  return (handle) =>
    forced === undefined
      ? Effect.mapBoth(Effect.fromResult(namedBy(handle, baseUrl)), {
          onFailure: rejected,
          onSuccess: models
        })
      : Effect.succeed(models(forced.model))
})

/**
 * The model that `ATRIUM_MODEL` names; else, at each call, the one of the template that the call is
 * for (`ModelHandle`), so that one layer serves templates with different models; else the one of the
 * handle given here. A handle that is given and cannot be right stops the program at its start.
 */
export const layerConfig = (
  defaults: Defaults & { readonly model?: string | undefined } = {}
): Layer.Layer<LanguageModel.LanguageModel, Config.ConfigError | BackendError> =>
  Layer.effect(
    LanguageModel.LanguageModel,
    Effect.gen(function* () {
      const { model, ...rest } = defaults
      const { apiKey, baseUrl, model: forced } = yield* settings
      const endpoint = yield* makeEndpoint({ ...rest, apiKey, baseUrl })
      const fallback =
        model === undefined
          ? Result.fail(
              "No model is named. Set ATRIUM_MODEL to the model to ask, as openai/gpt-5-mini, or name one in the template."
            )
          : namedBy(model, baseUrl)
      if (forced === undefined && model !== undefined && Result.isFailure(fallback)) {
        return yield* rejected(fallback.failure)
      }
      const named: Named =
        forced === undefined
          ? Effect.map(ModelHandle, (handle) =>
              handle === "" ? fallback : namedBy(handle, baseUrl)
            )
          : Effect.succeed(checked(forced.model))
      return yield* languageModel(endpoint, rest.parameters ?? {}, named)
    })
  )
