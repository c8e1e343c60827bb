/** A language model that says and calls what `Errand.ts` says of a text, in pieces that take their time. */
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Dice from "./Dice.ts"
import { errandOf, inputOf } from "./Errand.ts"
import { answer } from "./Script.ts"

/** Units of text in one piece. */
const pieceLength = 24

/** What the user said last, and how many steps were made since. */
const readPrompt = ({
  content
}: Prompt.Prompt): { readonly text: string; readonly step: number } => {
  const at = content.findLastIndex(({ role }) => role === "user")
  const said = content[at]
  const text =
    said?.role === "user"
      ? said.content.map((part) => (part.type === "text" ? part.text : "")).join("")
      : ""
  const before = content.slice(at).filter(({ role }) => role === "assistant").length
  return { text, step: before + 1 }
}

/** Ids as providers give them: good ones, ones that will not do, and ones that all calls share. */
const idOf = (what: string, run: number, i: number): string => {
  const roll = Dice.from(`id of ${what}`).roll()
  return roll < 0.5 ? `call_${run}_${what}` : roll < 0.75 ? `call ${i}` : `call_${i}`
}

const wordsOf = (text: string): ReadonlyArray<Response.StreamPartEncoded> => [
  { type: "text-start", id: "0" },
  ...Array.from({ length: Math.ceil(text.length / pieceLength) }, (_, n) => ({
    type: "text-delta" as const,
    id: "0",
    delta: text.slice(n * pieceLength, (n + 1) * pieceLength)
  })),
  { type: "text-end", id: "0" }
]

/** What a step of a run takes and gives: tokens that tell it from others. */
export const tokensOf = (text: string, step: number) => ({ input: text.length, output: step })

const partsOf = (prompt: Prompt.Prompt, run: number): ReadonlyArray<Response.StreamPartEncoded> => {
  const { step, text } = readPrompt(prompt)
  const errand = errandOf(text)
  const calls = step === 1 ? errand.calls : []
  const { input, output } = tokensOf(text, step)
  return [
    ...(calls.length === 0 || errand.talks ? wordsOf(answer(text, step, run)) : []),
    ...calls.map((call, i) => ({
      type: "tool-call" as const,
      id: idOf(call.what, run, i),
      name: call.name,
      params: inputOf(call)
    })),
    {
      type: "finish",
      reason: calls.length === 0 ? "stop" : "tool-calls",
      usage: {
        inputTokens: { total: input, uncached: input, cacheRead: 0 },
        outputTokens: { total: output, text: output, reasoning: 0 }
      }
    }
  ]
}

/** @param run of the house: texts of different houses differ, so no two can be mixed unseen */
export const make = (run: number): Effect.Effect<LanguageModel.LanguageModel> =>
  LanguageModel.make({
    generateText: () => Effect.die(new Error("The loop streams.")),
    streamText: ({ prompt }) =>
      Stream.fromIterable(partsOf(prompt, run).entries()).pipe(
        Stream.mapEffect(([i, part]) => Effect.as(Effect.sleep(i % 3), part))
      )
  })
