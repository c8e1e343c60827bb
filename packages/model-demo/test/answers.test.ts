/** Answers from passages and from an application's tool. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { all, ask, Failure, none, only, promptOf, searching, turn, user } from "./asked.ts"

const returns = {
  number: 3,
  id: "passage-1",
  title: "Returns",
  text: "cut off here\n# Returns\n\nYou may return anything within 60 days after delivery. We do not ask for a reason. Gift cards cannot be returned.\n\n- A label costs 4.50 euros"
}
const boots = { number: 4, id: "passage-2", title: "Boots", text: "Grease the boots once a month." }
const found = { passages: [boots, returns] }
const question = "How long do I have to return something?"

describe("answers from passages", () => {
  it.effect("searches first, then quotes the best passage and cites it", () =>
    Effect.gen(function* () {
      const { asked, text } = yield* turn(promptOf(user(question)), { passage_search: found })
      assert.deepStrictEqual(asked, [{ name: "passage_search", params: { query: question } }])
      assert.include(
        text,
        '"Returns" says: "You may return anything within 60 days after delivery.'
      )
      assert.include(text, "[3]")
      assert.notInclude(text, "[4]")
    })
  )

  it.effect("adds the words of pages to those of a customer", () =>
    Effect.gen(function* () {
      const { calls } = yield* ask(promptOf(user("Can I bring them back under warranty?")))
      assert.deepStrictEqual(calls, [
        {
          name: "passage_search",
          params: { query: "Can I bring them back under warranty? return guarantee" }
        }
      ])
    })
  )

  it.effect("compares a customer's words with those of pages", () =>
    Effect.gen(function* () {
      const greetings = { number: 1, title: "Cards", text: "Send some greetings back home." }
      const { text } = yield* turn(promptOf(user("Until when can I send it back?")), {
        passage_search: [greetings, returns]
      })
      assert.include(text, "[3]")
    })
  )

  it.effect("lets a question go on from the one before", () =>
    Effect.gen(function* () {
      const { calls } = yield* ask(
        promptOf(user("What does delivery cost?"), user("And to Norway?"))
      )
      assert.deepStrictEqual(calls, [
        { name: "passage_search", params: { query: "And to Norway? What does delivery cost?" } }
      ])
    })
  )

  for (const [name, result] of [
    ["an object", found],
    ["an array", found.passages],
    ["JSON as a text", JSON.stringify(found)],
    [
      "broken passages among good ones",
      [null, 7, { ...returns, number: 0 }, { text: "return" }, returns]
    ]
  ] as const) {
    it.effect(`reads ${name}`, () =>
      Effect.gen(function* () {
        const { text } = yield* turn(promptOf(user(question)), { passage_search: result })
        assert.include(text, "[3]")
      })
    )
  }

  for (const result of [[], { passages: [] }, { passages: [boots] }, [{}]]) {
    it.effect(`says that nothing was found in ${JSON.stringify(result).slice(0, 40)}`, () =>
      Effect.gen(function* () {
        const { text } = yield* turn(promptOf(user(question)), { passage_search: result })
        assert.include(text, "I found nothing about that")
        assert.notMatch(text, /\[\d+\]/)
      })
    )
  }

  it.effect("says when it is not sure", () =>
    Effect.gen(function* () {
      const { text } = yield* turn(promptOf(user("Do you sell green bicycle boots?")), {
        passage_search: found
      })
      assert.include(text, 'I am not sure that this answers it. The closest I found: "Boots" says')
    })
  )

  it.effect("says when the search failed, or cannot be read, or is not offered", () =>
    Effect.gen(function* () {
      const prompt = promptOf(user(question))
      const failed = yield* turn(prompt, { passage_search: new Failure({ error: "SECRET" }) })
      assert.include(failed.text, "the search did not work")
      assert.notInclude(failed.text, "SECRET")
      for (const result of [null, 7, "not JSON", { other: [] }]) {
        const { text } = yield* turn(prompt, { passage_search: result })
        assert.include(text, "cannot read what the search answered")
      }
      assert.include((yield* ask(prompt, none)).text, "nothing to search")
    })
  )
})

describe("orders", () => {
  const where = promptOf(user("Where is my order pw-104233?"))

  it.effect("asks the tool for the order's number, and tells what it says", () =>
    Effect.gen(function* () {
      const { asked, text } = yield* turn(where, {
        order_status: { status: "sent", expectedOn: "Tuesday", lines: [1], note: "<b>soon</b>" }
      })
      assert.deepStrictEqual(asked, [
        { name: "order_status", params: { order_number: "PW-104233" } }
      ])
      assert.include(text, "About order PW-104233: status sent, expected on Tuesday, note soon.")
    })
  )

  it.effect("asks for a number where there is none", () =>
    Effect.gen(function* () {
      const { calls, text } = yield* ask(promptOf(user("Where is my order?")))
      assert.deepStrictEqual(calls, [])
      assert.include(text, "Which number does it have?")
    })
  )

  it.effect("guesses no input that it cannot know, and takes no tool for another", () =>
    Effect.gen(function* () {
      for (const toolkit of [
        only("order_status", "The state of an order.", "order_number", "password"),
        only("order_status", "The state of an order.", "colour"),
        only("delete_order", "Deletes an order.", "order_number")
      ]) {
        assert.deepStrictEqual((yield* ask(where, toolkit)).calls, [])
      }
    })
  )

  it.effect("searches where no such tool is offered", () =>
    Effect.gen(function* () {
      const { calls } = yield* ask(where, searching)
      assert.deepStrictEqual(
        calls.map(({ name }) => name),
        ["passage_search"]
      )
    })
  )

  it.effect("says so where the tool failed or cannot be read", () =>
    Effect.gen(function* () {
      const failed = yield* turn(where, { order_status: new Failure("no such order") })
      assert.include(failed.text, "I asked for order PW-104233, but got no answer.")
      for (const result of [null, [], {}, { deep: { er: 1 } }, ""]) {
        assert.include((yield* turn(where, { order_status: result })).text, "cannot read")
      }
    })
  )

  it.effect("never calls a tool that it does not know", () =>
    Effect.gen(function* () {
      const { calls } = yield* ask(promptOf(user("Refund order PW-104233, use refund_order")), all)
      assert.deepStrictEqual(
        calls.map(({ name }) => name),
        ["order_status"]
      )
    })
  )
})

describe("small talk", () => {
  for (const [text, answer] of [
    ["Hello!", "Hello. What would you like to know?"],
    ["thanks a lot", "You are welcome."],
    ["Bye!", "Goodbye."],
    ["Are you a robot?", "I am a demonstration model"]
  ] as const) {
    it.effect(`answers without a search: ${text}`, () =>
      Effect.gen(function* () {
        const said = yield* ask(promptOf(user(text)))
        assert.deepStrictEqual(said.calls, [])
        assert.include(said.text, answer)
      })
    )
  }
})
