/** Which model answers: one behind OpenAI's protocol where the environment names it, else the demonstration. */
import type { BackendError } from "@atrium/core/errors"
import { DemoModel } from "@atrium/model-demo"
import { OpenAi, Settings as OpenAiSettings } from "@atrium/model-openai"
import type { LanguageModel } from "effect/ai/LanguageModel"
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { variable } from "./Settings.ts"

/** `handle`: as templates name it. `note`: what should be said of the choice when the app starts. */
export interface Chosen {
  readonly handle: `${string}/${string}`
  readonly note: string
  readonly layer: Layer.Layer<LanguageModel, Config.ConfigError | BackendError>
}

const usual = "openai/gpt-5-mini"

/** Fails, naming the variable, where one of them is wrong. */
export const choose = Effect.gen(function* () {
  const key = yield* variable("OPENAI_API_KEY")
  const url = yield* variable("OPENAI_BASE_URL")
  if (key === undefined && url === undefined) {
    const forced = yield* variable("ATRIUM_MODEL")
    return {
      handle: DemoModel.handle,
      note:
        forced === undefined
          ? "the demonstration model, no AI; set OPENAI_API_KEY for a real one"
          : "the demonstration model, no AI; ATRIUM_MODEL needs OPENAI_API_KEY or OPENAI_BASE_URL beside it",
      layer: DemoModel.layer()
    } satisfies Chosen as Chosen
  }
  const { model } = yield* OpenAiSettings.settings
  const handle: Chosen["handle"] = model === undefined ? usual : `${model.provider}/${model.model}`
  return {
    handle,
    note: url === undefined ? "asked at OpenAI" : "asked at OPENAI_BASE_URL",
    layer: OpenAi.layerConfig({ model: handle })
  } satisfies Chosen as Chosen
})
