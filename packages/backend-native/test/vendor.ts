/** A language model that can be troubled, as the kit wants a vendor to be. */
import { type Fault, Vendor } from "@atrium/conformance"
import { AgentBackend } from "@atrium/core/backend/AgentBackend"
import * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Native } from "../src/index.ts"

/** How the model fails; "cut": its stream ends without a word of why. */
type Failing = AiError.AiErrorReason | "cut"

const failures: Readonly<Record<string, readonly [Fault["reason"], Failing]>> = {
  "a server's error": ["Unreachable", new AiError.InternalProviderError({ description: "down" })],
  "a lost connection": [
    "Unreachable",
    new AiError.NetworkError({ reason: "TransportError", method: "POST", url: "http://x" })
  ],
  "a cut stream": ["Unreachable", "cut"],
  "a rate limit": ["RateLimited", new AiError.RateLimitError({})],
  "a wrong key": ["Unauthenticated", new AiError.AuthenticationError({ kind: "InvalidKey" })],
  "an empty purse": ["QuotaExceeded", new AiError.QuotaExhaustedError({})],
  garbage: ["Malformed", new AiError.InvalidResponseError({ description: "no JSON" })]
}

const heard = ({ content }: Prompt.Prompt): string => {
  const last = content.findLast(({ role }) => role === "user")
  return last?.role === "user"
    ? last.content.map((part) => (part.type === "text" ? part.text : "")).join("")
    : ""
}

const finish: Response.FinishPartEncoded = {
  type: "finish",
  reason: "stop",
  usage: {
    inputTokens: { total: 1, uncached: 1, cacheRead: undefined },
    outputTokens: { total: 1, text: 1, reasoning: undefined }
  }
}

/** The backend over such a model, asked once a step. */
export const vendor = Layer.effectContext(
  Effect.gen(function* () {
    let slow = false
    let held = 0
    let next: Failing | undefined
    const agents = new Set<string>()

    const answer = (prompt: Prompt.Prompt) =>
      Effect.gen(function* () {
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            held += 1
          }),
          () =>
            Effect.sync(() => {
              held -= 1
            })
        )
        const text = `re: ${heard(prompt)}, and all that may be said of it, and some more`
        const failing = next
        next = undefined
        const pieces = Array.from({ length: Math.ceil(text.length / 5) }, (_, n) =>
          text.slice(n * 5, n * 5 + 5)
        )
        const said = Stream.fromIterable(failing === undefined ? pieces : pieces.slice(0, 3)).pipe(
          Stream.mapEffect((delta) =>
            Effect.as(slow ? Effect.sleep(50) : Effect.void, {
              type: "text-delta" as const,
              id: "0",
              delta
            })
          )
        )
        if (failing === "cut") return said
        const end =
          failing === undefined
            ? Stream.make(finish)
            : Stream.fail(AiError.make({ module: "Fake", method: "streamText", reason: failing }))
        return Stream.concat(said, end)
      })

    const model = yield* LanguageModel.make({
      generateText: () => Effect.die(new Error("The loop streams.")),
      streamText: ({ prompt }) => Stream.unwrap(answer(prompt))
    })
    const driver = yield* Effect.provideService(
      Native.make({ tries: 1 }),
      LanguageModel.LanguageModel,
      model
    )
    const { delete: remove, provision } = driver.agents
    return Context.make(AgentBackend, {
      ...driver,
      agents: {
        ...driver.agents,
        provision: (agent, template) =>
          Effect.tap(provision(agent, template), (ref) => Effect.sync(() => agents.add(ref))),
        delete: (agent) =>
          Effect.tap(remove(agent), () => Effect.sync(() => agents.delete(agent.ref)))
      }
    }).pipe(
      Context.add(Vendor, {
        slow: Effect.sync(() => {
          slow = true
        }),
        held: Effect.sync(() => held),
        agents: Effect.sync(() => agents.size),
        faults: Object.entries(failures).map(([name, [reason, failing]]) => ({
          name,
          reason,
          begin: Effect.sync(() => {
            next = failing
          })
        }))
      })
    )
  })
)
