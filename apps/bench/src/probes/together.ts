/** 20 turns at once in one conversation: one after another, each with those before it in its prompt. */
import { join } from "node:path"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { textOf } from "@atrium/core/conversations/Message"
import * as Sqlite from "@atrium/storage-sqlite/Sqlite"
import * as FakeModel from "@atrium/testing/FakeModel"
import * as Effect from "effect/Effect"
import { native, openHouse, turnIn } from "../atrium.ts"
import type { Probe } from "../Row.ts"

const TURNS = 20

const isMessage = (value: unknown): value is { readonly role: string; readonly content: unknown } =>
  typeof value === "object" && value !== null && "role" in value && "content" in value

/** What was said in a prompt, without what the operator and the application say. */
const saidIn = (body: unknown): ReadonlyArray<string> =>
  typeof body === "object" && body !== null && "messages" in body && Array.isArray(body.messages)
    ? body.messages
        .filter(isMessage)
        .filter(({ role }) => role !== "system")
        .map(({ content }) => String(content))
    : []

/** How many prompts hold exactly the pairs before theirs, in the transcript's order, and their own text. */
export const whole = (
  transcript: ReadonlyArray<string>,
  prompts: ReadonlyArray<ReadonlyArray<string>>
): number =>
  Array.from({ length: transcript.length / 2 }, (_, turn) => transcript.slice(0, 2 * turn + 1))
    .map((wanted) => JSON.stringify(wanted))
    .filter((wanted) => prompts.some((prompt) => JSON.stringify(prompt) === wanted)).length

export const together: Probe = {
  name: "together",
  measure: async ({ folder, modelUrl }) => {
    const house = await openHouse({
      storage: Sqlite.layer({ file: join(folder, "atrium.db") }),
      backend: native(modelUrl),
      template: { window: { messages: 40 } }
    })
    try {
      const started = performance.now()
      const read = await house.as(
        0,
        Effect.gen(function* () {
          const conversations = yield* Conversations
          const { id } = yield* conversations.resolve("bench")
          const texts = Array.from({ length: TURNS }, (_, turn) => `together ${turn}`)
          yield* Effect.forEach(texts, (text) => turnIn(id, text), { concurrency: "unbounded" })
          return (yield* conversations.messages(id, {})).items
        })
      )
      const ms = performance.now() - started
      const transcript = read.map(textOf)
      const { requests } = await Effect.runPromise(FakeModel.control(modelUrl).seen)
      const prompts = requests.map(({ body }) => saidIn(body))
      const pairs = transcript.filter(
        (text, at) =>
          at % 2 === 0 && read[at]?.role === "user" && transcript[at + 1] === `ok: ${text}`
      )
      const exactly = { least: TURNS, most: TURNS }
      return [
        { what: "pairs in order", value: new Set(pairs).size, unit: "", bound: exactly },
        {
          what: "prompts that saw those before",
          value: whole(transcript, prompts),
          unit: "",
          bound: exactly
        },
        { what: "all of them", value: ms, unit: "ms" }
      ]
    } finally {
      await house.close()
    }
  }
}
