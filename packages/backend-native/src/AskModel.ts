/** One call of a language model, streamed, with its time limits and its span. */
import { ModelHandle } from "@atrium/core/backend/ModelHandle"
import { reasonOf } from "@atrium/core/backend/ReasonOf"
import { BackendError } from "@atrium/core/errors"
import type { NewDelta } from "@atrium/core/turns/TurnDelta"
import * as AiError from "effect/ai/AiError"
import type { LanguageModel } from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Tools } from "./Tools.ts"
import type { Writing } from "./Writing.ts"

/** Most that is taken of one answer, in UTF-16 units: more than any model means to say. */
const maximumAnswer = 1_000_000

/** Timers take no longer times. */
const longestSleepMs = 2 ** 31 - 1

/** A call: `model` is the handle that the template names. */
export interface Call {
  readonly model: string
  readonly prompt: ReadonlyArray<Prompt.Message>
  readonly tools: Tools
  readonly emit: (delta: NewDelta) => Effect.Effect<void>
  readonly silenceMs: number
  readonly callMs: number
}

/** An error as the turn tells it. What a vendor says stays with its reason. */
const toldAs = (model: string, error: AiError.AiError): BackendError => {
  const reason = reasonOf(error, model)
  return reason._tag === "ContextTooLong"
    ? BackendError.because(
        reason,
        `The conversation no longer fits the model ${model}. Start a new conversation.`
      )
    : BackendError.because(reason)
}

/**
 * Asks once, and writes what comes into `writing`. Fails with `TimedOut` where the model was silent
 * for too long, or never came to an end. Interruption ends the call, and so does every failure.
 */
export const askModel = Effect.fnUntraced(function* (
  languageModel: LanguageModel,
  { callMs, emit, model, prompt, silenceMs, tools }: Call,
  writing: Writing
): Effect.fn.Return<void, BackendError> {
  const clock = yield* Clock.Clock
  const began = clock.currentTimeMillisUnsafe()
  let heard = began
  let taken = 0

  const listen = languageModel
    .streamText({
      prompt: Prompt.fromMessages(prompt),
      toolkit: tools,
      disableToolCallResolution: true,
      toolCallValidation: "deferred"
    })
    .pipe(
      // Pieces that came together cost one effect together.
      Stream.runForEachArray((pieces) => {
        heard = clock.currentTimeMillisUnsafe()
        const at = pieces.findIndex(({ type }) => type === "error")
        const deltas = (at < 0 ? pieces : pieces.slice(0, at)).flatMap((piece) =>
          writing.take(piece)
        )
        for (const delta of deltas) taken += delta._tag === "Retracted" ? 0 : delta.text.length
        if (taken > maximumAnswer) return tooLong(model)
        const told = Effect.forEach(deltas, emit, { discard: true })
        const error = pieces[at]
        return error?.type === "error"
          ? Effect.andThen(told, Effect.fail(toldAs(model, unknown(error.error))))
          : told
      }),
      Effect.provideService(ModelHandle, model),
      Effect.mapError((error) => (error._tag === "AiError" ? toldAs(model, error) : error)),
      Effect.andThen(
        Effect.suspend(() =>
          writing.finish === undefined || writing.finish === "error"
            ? brokenOff(model)
            : Effect.void
        )
      )
    )

  /** One timer a call, set again only when it rings. */
  const watch = Effect.gen(function* () {
    while (true) {
      const silent = heard + silenceMs
      const end = Math.min(silent, began + callMs)
      const left = end - clock.currentTimeMillisUnsafe()
      if (left <= 0) {
        return yield* BackendError.because(
          { _tag: "TimedOut", afterMs: end === silent ? silenceMs : callMs },
          end === silent
            ? `The model ${model} said nothing for ${silenceMs / 1000} s.`
            : `The model ${model} did not come to an end within ${callMs / 1000} s.`
        )
      }
      yield* Effect.sleep(Math.min(left, longestSleepMs))
    }
  })

  yield* Effect.raceFirst(listen, watch).pipe(
    Effect.andThen(Effect.suspend(() => Effect.annotateCurrentSpan(answeredAs(writing)))),
    Effect.withSpan(
      `chat ${model}`,
      {
        kind: "client",
        attributes: {
          "gen_ai.operation.name": "chat",
          "gen_ai.provider.name": model.slice(0, Math.max(0, model.indexOf("/"))),
          "gen_ai.request.model": model
        }
      },
      { captureStackTrace: false }
    )
  )
})

const unknown = (cause: unknown): AiError.AiError =>
  AiError.isAiError(cause)
    ? cause
    : AiError.make({
        module: "LanguageModel",
        method: "streamText",
        reason: new AiError.UnknownError({ description: "The stream told an error." })
      })

/** A stream that ends without saying why was cut on its way; one that says "error" failed there. */
const brokenOff = (model: string): Effect.Effect<never, BackendError> =>
  Effect.fail(
    BackendError.because(
      { _tag: "Unreachable", host: model },
      `The answer of the model ${model} broke off.`
    )
  )

/** A model that has lost itself: what it says is not kept in memory to the end of its time. */
const tooLong = (model: string): Effect.Effect<never, BackendError> =>
  Effect.fail(
    BackendError.because(
      { _tag: "Malformed", what: `The answer of ${model}` },
      `The model ${model} did not come to an end within ${maximumAnswer} characters.`
    )
  )

const answeredAs = ({ finish, model, usage }: Writing): Record<string, unknown> => ({
  "gen_ai.response.finish_reasons": [finish],
  ...(model === undefined ? {} : { "gen_ai.response.model": model }),
  "gen_ai.usage.input_tokens": usage.input,
  "gen_ai.usage.output_tokens": usage.output
})
