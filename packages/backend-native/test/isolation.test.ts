/** What one user tells a shared agent is never in a prompt of another's. */
import { Atrium } from "@atrium/core"
import { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { Users } from "@atrium/core/tenancy/Users"
import { assert, it } from "@effect/vitest"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { Native } from "../src/index.ts"
import { as, send, talk, template } from "./house.ts"

const lastText = ({ content }: Prompt.Prompt): string => {
  const last = content.findLast(({ role }) => role === "user")
  return last?.role === "user"
    ? last.content.map((part) => (part.type === "text" ? part.text : "")).join("")
    : ""
}

/** A model that does with its memory what it is told, and repeats what it then knows. */
const obedient = (prompts: Array<Prompt.Prompt>) =>
  Layer.effect(
    LanguageModel.LanguageModel,
    LanguageModel.make({
      generateText: () => Effect.die(new Error("The loop streams.")),
      streamText: ({ prompt }) => {
        prompts.push(prompt)
        const [verb = "", ...words] = lastText(prompt).split(" ")
        const text = words.join(" ")
        const calls: Readonly<Record<string, readonly [string, unknown]>> = {
          note: ["memory_append", { label: "human", text }],
          sort: ["memory_rethink", { label: "human", text }],
          spoil: ["memory_append", { label: "persona", text }],
          keep: ["passage_insert", { text }],
          look: ["passage_search", { query: text }],
          recall: ["conversation_search", { query: text }]
        }
        const [name, params] = calls[verb] ?? []
        const isDone = prompt.content.at(-1)?.role === "tool" || name === undefined
        const parts: ReadonlyArray<Response.StreamPartEncoded> = [
          ...(isDone
            ? [{ type: "text-delta" as const, id: "0", delta: `I did: ${text}` }]
            : [{ type: "tool-call" as const, id: "call_0", name, params }]),
          {
            type: "finish",
            reason: isDone ? "stop" : "tool-calls",
            usage: {
              inputTokens: { total: 1, uncached: 1, cacheRead: undefined },
              outputTokens: { total: 1, text: 1, reasoning: undefined }
            }
          }
        ]
        return Stream.fromIterable(parts)
      }
    })
  )

const users = ["ann", "bob", "cleo", "dan"]
const verbs = ["note", "sort", "spoil", "keep", "look", "recall", "say"]
const topics = ["ferry", "cat", "garden", "letter"]

const secret = (user: string) => `secret-of-${user}`

const app = (prompts: Array<Prompt.Prompt>) =>
  Atrium.layer(
    {
      helper: {
        template: {
          ...template,
          recall: true,
          window: { messages: 6 },
          blocks: [
            { label: "persona", value: "You are kind." },
            { label: "human", owner: "user", value: "Name: {user.name}" },
            { label: "plan", owner: "conversation", value: "" }
          ]
        },
        binding: { _tag: "Shared", showUser: true }
      }
    },
    {
      plans: {
        default: { user: { turns: 10_000, windowMs: 1000 }, waiting: 8, replayMs: 86_400_000 }
      }
    }
  ).pipe(
    Layer.provide(Native.layer),
    Layer.provide(obedient(prompts)),
    Layer.provideMerge(Storage.layerMemory),
    Layer.provideMerge(TenantResolver.layerTrusted)
  )

/** Four users at once, each with its own order of words and deeds. */
const trial = Effect.fnUntraced(function* (seed: string) {
  const prompts: Array<Prompt.Prompt> = []
  yield* Effect.gen(function* () {
    const registered = yield* Users
    for (const user of users) {
      const properties = { plan: secret(user) }
      yield* registered
        .save({ id: user, name: `${user} ${secret(user)}`, properties })
        .pipe(as("root", "operator"))
    }
    yield* Effect.forEach(
      users,
      (user) =>
        Effect.gen(function* () {
          for (let n = 0; n < 12; n++) {
            const verb = verbs[yield* Random.nextIntBetween(0, verbs.length - 1)] ?? ""
            const topic = topics[yield* Random.nextIntBetween(0, topics.length - 1)] ?? ""
            const key = `talk ${yield* Random.nextIntBetween(0, 1)}`
            yield* send(yield* talk(key), `${verb} ${topic} ${secret(user)} of ${user}`)
            if ((yield* Random.nextIntBetween(0, 2)) === 0) yield* Effect.yieldNow
          }
        }).pipe(as(user)),
      { concurrency: "unbounded", discard: true }
    )
  }).pipe(Effect.provide(app(prompts)), Random.withSeed(seed))
  const found = new Map(users.map((user) => [user, 0]))
  for (const prompt of prompts) {
    const user = lastText(prompt).split(" ").at(-1) ?? ""
    assert.include(users, user)
    const text = JSON.stringify(prompt)
    found.set(user, (found.get(user) ?? 0) + text.split(secret(user)).length - 1)
    for (const other of users) {
      if (other !== user) assert.notInclude(text, secret(other), `seed ${seed}`)
    }
  }
  return [...found.values()]
})

it.effect(
  "[010] [011] [014] what one user tells a shared agent is in no prompt of another's",
  () =>
    Effect.gen(function* () {
      const first = yield* Random.nextIntBetween(0, 1_000_000)
      console.log(`seeds from ${first}`)
      for (let n = 0; n < 4; n++) {
        const own = yield* trial(`${first + n}`)
        // Each is shown its own, many times over: the model does remember.
        for (const times of own) assert.isAbove(times, 12)
      }
    }),
  60_000
)
