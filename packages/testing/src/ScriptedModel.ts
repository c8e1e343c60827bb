/**
 * A language model of effect/ai that answers from a script, in order, and remembers what it was asked.
 * When its scope closes without an error, the script must have been used up. Delays run on the clock
 * of the test.
 */
import * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

/** A call of a tool. Without `id`, one is made that no other call of the script has. */
export interface Call {
  readonly id?: string
  readonly name: string
  /** As the tool's schema encodes them. */
  readonly params: unknown
}

/** One answer of the script. */
export interface Answer {
  readonly text?: string
  readonly calls?: ReadonlyArray<Call>
  /** Default: `tool-calls` where there are calls, else `stop`. */
  readonly finish?: Response.FinishReason
  /** Default: 10 and 5 tokens. */
  readonly usage?: Response.FinishPartEncoded["usage"]
  /** The call fails with this: at once, or, streamed, after the text. */
  readonly fails?: AiError.AiErrorReason
  /** How long the model thinks before its first word. */
  readonly after?: Duration.Input
  /** How long it waits before each further piece of a streamed text. */
  readonly between?: Duration.Input
}

/** What is answered: a text, or more than that. */
export type Line = string | Answer

/** One call as it came. */
export interface Asked {
  readonly prompt: Prompt.Prompt
  /** The names of the tools that were offered. */
  readonly tools: ReadonlyArray<string>
  readonly streamed: boolean
}

/** What a test asks of the model. */
export class ScriptedModel extends Context.Service<
  ScriptedModel,
  {
    /** Every call so far, oldest first. */
    readonly asked: () => ReadonlyArray<Asked>
    /** How many answers are left. */
    readonly left: () => number
    /** Appends to the script. */
    readonly add: (...lines: ReadonlyArray<Line>) => void
  }
>()("@atrium/testing/ScriptedModel") {}

/** In how many pieces a text is streamed at most. */
const PIECES = 4

const piecesOf = (text: string): ReadonlyArray<string> => {
  const points = Array.from(text)
  const size = Math.max(1, Math.ceil(points.length / PIECES))
  return Array.from({ length: Math.ceil(points.length / size) }, (_, index) =>
    points.slice(index * size, (index + 1) * size).join("")
  )
}

const finishOf = (answer: Answer): Response.FinishPartEncoded => ({
  type: "finish",
  reason: answer.finish ?? (answer.calls === undefined ? "stop" : "tool-calls"),
  usage: answer.usage ?? {
    inputTokens: { total: 10, uncached: 10, cacheRead: undefined },
    outputTokens: { total: 5, text: 5, reasoning: undefined }
  }
})

const callsOf = (answer: Answer, number: number): Array<Response.ToolCallPartEncoded> =>
  (answer.calls ?? []).map(({ id, name, params }, index) => ({
    type: "tool-call",
    id: id ?? `call_${number}_${index}`,
    name,
    params
  }))

const failed = (answer: Answer, method: string): Effect.Effect<void, AiError.AiError> =>
  answer.fails === undefined
    ? Effect.void
    : Effect.fail(AiError.make({ module: "ScriptedModel", method, reason: answer.fails }))

const streamOf = (answer: Answer, number: number) => {
  const between = answer.between
  const deltas = Stream.fromIterable(piecesOf(answer.text ?? "").entries()).pipe(
    Stream.mapEffect(([index, delta]) =>
      Effect.as(index === 0 || between === undefined ? Effect.void : Effect.sleep(between), {
        type: "text-delta" as const,
        id: "text",
        delta
      })
    )
  )
  const said: Stream.Stream<Response.StreamPartEncoded> =
    answer.text === undefined || answer.text === ""
      ? Stream.empty
      : Stream.make({ type: "text-start" as const, id: "text" }).pipe(
          Stream.concat(deltas),
          Stream.concat(Stream.make({ type: "text-end" as const, id: "text" }))
        )
  const rest: Array<Response.StreamPartEncoded> = [...callsOf(answer, number), finishOf(answer)]
  return said.pipe(
    Stream.concat(Stream.fromEffectDrain(failed(answer, "streamText"))),
    Stream.concat(Stream.fromIterable(rest))
  )
}

/**
 * The model and what it was asked. A call that the script has no answer for is a defect, and so is a
 * scope that closes, its work done, while answers are left or such a call was made.
 */
export const layer = (
  ...script: ReadonlyArray<Line>
): Layer.Layer<LanguageModel.LanguageModel | ScriptedModel> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const lines: Array<Line> = [...script]
      const asked: Array<Asked> = []
      let beyond = 0

      const next = (options: LanguageModel.ProviderOptions, streamed: boolean) =>
        Effect.suspend(() => {
          const tools = options.tools.map((tool) => tool.name)
          asked.push({ prompt: options.prompt, tools, streamed })
          const line = lines.shift()
          if (line === undefined) {
            beyond += 1
            const message = `The script has ${asked.length - beyond} answers, and the model is asked once more.`
            return Effect.die(new Error(message))
          }
          const answer = typeof line === "string" ? { text: line } : line
          const told = { answer, number: asked.length }
          return answer.after === undefined
            ? Effect.succeed(told)
            : Effect.as(Effect.sleep(answer.after), told)
        })

      const model = yield* LanguageModel.make({
        generateText: Effect.fnUntraced(function* (options) {
          const { answer, number } = yield* next(options, false)
          yield* failed(answer, "generateText")
          return [
            ...(answer.text === undefined || answer.text === ""
              ? []
              : [{ type: "text" as const, text: answer.text }]),
            ...callsOf(answer, number),
            finishOf(answer)
          ]
        }),
        streamText: (options) =>
          Stream.unwrap(
            Effect.map(next(options, true), ({ answer, number }) => streamOf(answer, number))
          )
      })

      yield* Effect.addFinalizer((exit) => {
        if (Exit.isFailure(exit) || (lines.length === 0 && beyond === 0)) return Effect.void
        const why =
          beyond > 0
            ? `The model was asked ${beyond} times more than its script has answers.`
            : `The model was asked ${asked.length} times; its script has ${lines.length} answers more.`
        return Effect.die(new Error(why))
      })

      return Context.make(LanguageModel.LanguageModel, model).pipe(
        Context.add(
          ScriptedModel,
          ScriptedModel.of({
            asked: () => [...asked],
            left: () => lines.length,
            add: (...more) => {
              lines.push(...more)
            }
          })
        )
      )
    })
  )
