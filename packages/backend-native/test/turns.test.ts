import { Conversations } from "@atrium/core/conversations/Conversations"
import { textOf } from "@atrium/core/conversations/Message"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { app, as, asked, promptText, send, talk, withoutSystem } from "./house.ts"

it.effect("answers in pieces that are the stored message, and shows it the next turn", () =>
  Effect.gen(function* () {
    const conversation = yield* talk()
    const events = yield* send(conversation, "hello")
    assert.deepStrictEqual(
      events.map(({ _tag }) => _tag),
      [
        "TurnStarted",
        "TextDelta",
        "TextDelta",
        "TextDelta",
        "TextDelta",
        "ModelCalled",
        "MessageStored",
        "TurnFinished"
      ]
    )
    const deltas = events.flatMap((event) => (event._tag === "TextDelta" ? event.text : []))
    assert.strictEqual(deltas.join(""), "Hello, Alice!")
    yield* send(conversation, "and now?")
    const [, second] = yield* asked
    assert.deepStrictEqual(second === undefined ? [] : withoutSystem(second), [
      "user: hello",
      "assistant: Hello, Alice!",
      "user: and now?"
    ])
    const conversations = yield* Conversations
    const { items } = yield* conversations.messages(conversation, {})
    assert.deepStrictEqual(items.map(textOf), ["hello", "Hello, Alice!", "and now?", "Now this."])
  }).pipe(as("alice"), Effect.provide(app({ script: ["Hello, Alice!", "Now this."] })))
)

it.effect("counts what the model used", () =>
  Effect.gen(function* () {
    const events = yield* send(yield* talk(), "hello")
    const end = events.at(-1)
    assert.deepStrictEqual(end?._tag === "TurnFinished" ? end.usage : undefined, {
      input: 20,
      cached: 12,
      output: 7,
      reasoning: 3,
      microUsd: null
    })
  }).pipe(
    as("alice"),
    Effect.provide(
      app({
        script: [
          {
            text: "Hi.",
            usage: {
              inputTokens: { total: 20, uncached: 8, cacheRead: 12 },
              outputTokens: { total: 7, text: 4, reasoning: 3 }
            }
          }
        ]
      })
    )
  )
)

it.effect(
  "[004] a user's block is seeded, learned into, and shown in the next turn, never as system",
  () =>
    Effect.gen(function* () {
      const conversation = yield* talk()
      const events = yield* send(conversation, "I like short answers.")
      assert.deepStrictEqual(
        events.flatMap(({ _tag }) => (_tag.endsWith("Delta") ? [] : _tag)),
        [
          "TurnStarted",
          "ModelCalled",
          "MessageStored",
          "ToolStarted",
          "ToolFinished",
          "MessageStored",
          "BlockEdited",
          "ModelCalled",
          "MessageStored",
          "TurnFinished"
        ]
      )
      yield* send(conversation, "Next.")
      const [first, , third] = yield* asked
      assert.deepStrictEqual(first === undefined ? [] : withoutSystem(first).slice(0, 1), [
        `user: <memory>\n<block label="human" origin="user" limit="2000">\nUser ID: alice\nName: unknown\nPreferences: (to be learned)\n</block>\n</memory>`
      ])
      const text = third === undefined ? "" : promptText(third)
      assert.include(text, "Name: unknown\nPreferences: short answers\n</block>")
      assert.include(text, `memory_replace#call_1_0({"label":"human"`)
      for (const { prompt } of yield* asked) {
        for (const message of prompt.content) {
          if (message.role === "system") assert.notInclude(message.content, "Preferences")
        }
      }
    }).pipe(
      as("alice"),
      Effect.provide(
        app({
          template: {
            blocks: [
              { label: "persona", value: "You are kind." },
              {
                label: "human",
                owner: "user",
                value: "User ID: {user.id}\nName: {user.name}\nPreferences: (to be learned)"
              }
            ]
          },
          script: [
            {
              calls: [
                {
                  name: "memory_replace",
                  params: { label: "human", old: "(to be learned)", text: "short answers" }
                }
              ]
            },
            "Noted.",
            "Yes."
          ]
        })
      )
    )
)

it.effect("[116] deltas, joined, are the messages; tools are told as they are called and end", () =>
  Effect.gen(function* () {
    const events = yield* send(yield* talk(), "hello")
    const written = new Map<string, string>()
    for (const event of events) {
      if (event._tag !== "TextDelta") continue
      assert.strictEqual(event.offset, (written.get(event.messageId) ?? "").length)
      written.set(event.messageId, (written.get(event.messageId) ?? "") + event.text)
    }
    const stored = events.flatMap((one) => (one._tag === "MessageStored" ? one.message : []))
    const said = stored.filter(({ role }) => role === "assistant")
    assert.deepStrictEqual(
      [...written],
      said.map((message) => [message.id, textOf(message)])
    )
    assert.deepStrictEqual([...written.values()], ["I look it up. ", "Nothing there."])
    const tools = events.flatMap((event) =>
      event._tag === "ToolInputDelta"
        ? [`asks ${event.name} ${event.text}`]
        : event._tag === "ToolStarted"
          ? [`calls ${event.name}`]
          : event._tag === "ToolFinished"
            ? [event.outcome]
            : []
    )
    assert.deepStrictEqual(tools, [
      'asks passage_search {"query":"x"}',
      "calls passage_search",
      "done"
    ])
  }).pipe(
    as("alice"),
    Effect.provide(
      app({
        script: [
          {
            text: "I look it up. ",
            calls: [{ name: "passage_search", params: { query: "x" } }]
          },
          "Nothing there."
        ]
      })
    )
  )
)
