/** What this model answers: calls of tools first, all at once, then the text. */
import { type Call, keepName, keepPreferences, nameOf, outcomeOf, preferencesOf } from "./memory.ts"
import { nameLine } from "./names.ts"
import { isOrderTool, orderTool, toldOf } from "./orders.ts"
import { passagesOf } from "./passages.ts"
import { quoteFor } from "./quoting.ts"
import type { Called, Reading } from "./reading.ts"
import { type Wish, wishesOf } from "./wishes.ts"
import { expanded, wordsOf } from "./words.ts"

/** What ends every reply, so that nobody takes it for more than it is. */
export const label = "(demonstration model, no AI)"

/** Calls to make, or the text to say. Never both. */
export type Answer =
  | { readonly _tag: "Calls"; readonly calls: ReadonlyArray<Call> }
  | { readonly _tag: "Reply"; readonly text: string }

/** What goes on from the question before has it added: "And to Norway?" */
const meant = ({ before }: Reading, text: string): string => {
  const goesOn = /^(?:and|but|what about|how about|also)\b/i.test(text) && wordsOf(text).length <= 3
  const previous = goesOn
    ? wishesOf(before[0] ?? "").find((wish) => wish._tag === "Ask")
    : undefined
  return previous?._tag === "Ask" ? `${text} ${previous.text}` : text
}

const search = (reading: Reading, text: string): ReadonlyArray<Call> =>
  reading.tools.some(({ name }) => name === "passage_search")
    ? [{ name: "passage_search", params: { query: expanded(meant(reading, text)) } }]
    : []

const callsFor = (reading: Reading, wish: Wish): ReadonlyArray<Call> => {
  switch (wish._tag) {
    case "KeepName":
      return [keepName(reading, wish.name)].filter((call) => call !== undefined)
    case "AskOrder": {
      const tool = orderTool(reading.tools)
      if (tool === undefined) return search(reading, wish.text)
      return wish.number === undefined ? [] : [{ name: tool.name, params: tool.input(wish.number) }]
    }
    case "Ask":
      return search(reading, wish.text)
    case "AskName":
    case "AskPreferences":
    case "KeepPreference":
    case "Talk":
      return []
  }
}

const keptText = (reading: Reading, line: string, said: string): string => {
  switch (outcomeOf(reading, line)) {
    case "kept":
      return `${said} I have noted it.`
    case "known":
      return `${said} I had noted it before.`
    case "refused":
      return `${said} I tried to note it, but the memory did not take it.`
    case "nowhere":
      return `${said} There is no memory that I may write to, so I know it in this conversation only.`
  }
}

const fromSearch = (reading: Reading, text: string, made: Called | undefined): string => {
  if (made === undefined) return "I cannot look that up: I am offered nothing to search here."
  if (made.answer === undefined || made.answer.failed) {
    return "I tried to look that up, but the search did not work. Please try again in a moment."
  }
  const passages = passagesOf(made.answer.result)
  if (passages === undefined) {
    return "I tried to look that up, but I cannot read what the search answered."
  }
  const quote = quoteFor(meant(reading, text), passages)
  if (quote === undefined) {
    return "I found nothing about that in what I can search. Try other words, or ask a person."
  }
  const source = quote.title === "" ? "one passage" : `"${quote.title}"`
  const said = `${source} says: "${quote.text}" [${quote.number}]`
  return quote.sure
    ? said.charAt(0).toUpperCase() + said.slice(1)
    : `I am not sure that this answers it. The closest I found: ${said}`
}

const fromOrder = (reading: Reading, number: string | undefined, text: string): string => {
  const made = reading.calls.find(({ name }) => isOrderTool(name))
  if (made === undefined) {
    const tool = orderTool(reading.tools)
    if (tool !== undefined && number === undefined) {
      return "I can look up an order. Which number does it have? It stands in the confirmation of the order."
    }
    return fromSearch(reading, text, searchOf(reading))
  }
  const order = number === undefined ? "the order" : `order ${number}`
  if (made.answer === undefined || made.answer.failed) {
    return `I asked for ${order}, but got no answer. Please check the number, or try again in a moment.`
  }
  const told = toldOf(made.answer.result)
  return told === undefined
    ? `I asked for ${order}, but I cannot read the answer.`
    : `About ${order}: ${told.replace(/[.\s]+$/, "")}.`
}

const searchOf = ({ calls }: Reading): Called | undefined =>
  calls.find(({ name }) => name === "passage_search")

const greeting = (name: string | undefined): string =>
  `Hello${name === undefined ? "" : `, ${name}`}. What would you like to know?`

const textFor = (reading: Reading, wish: Wish): string => {
  switch (wish._tag) {
    case "KeepName":
      return keptText(reading, nameLine(wish.name), `Nice to meet you, ${wish.name}.`)
    case "KeepPreference":
      return keptText(reading, wish.line, `I see: "${wish.line}".`)
    case "AskName": {
      const name = nameOf(reading)
      return name === undefined
        ? 'I do not know your name yet. Tell me, as in "My name is Alice".'
        : `Your name is ${name}.`
    }
    case "AskPreferences": {
      const lines = preferencesOf(reading)
      const name = nameOf(reading)
      const all = [...(name === undefined ? [] : [nameLine(name)]), ...lines]
      return all.length === 0
        ? "I have noted nothing about you yet."
        : `This is what I have noted: ${all.join("; ")}.`
    }
    case "AskOrder":
      return fromOrder(reading, wish.number, wish.text)
    case "Ask":
      return fromSearch(reading, wish.text, searchOf(reading))
    case "Talk":
      switch (wish.about) {
        case "hello":
          return greeting(nameOf(reading))
        case "thanks":
          return "You are welcome."
        case "bye":
          return "Goodbye."
        case "yourself":
          return "I am a demonstration model: a small program that looks up passages and notes what you tell it, without any AI."
      }
  }
}

/** Two wishes may want the same; one search answers both. */
const isSame = (one: Call, other: Call): boolean =>
  one.name === other.name &&
  (one.name === "passage_search" || JSON.stringify(one.params) === JSON.stringify(other.params))

const reply = (text: string): Answer => ({ _tag: "Reply", text: `${text}\n\n${label}` })

/** The same reading gives the same answer. In one turn tools are called at most once, together. */
export const answerTo = (reading: Reading): Answer => {
  const wishes = wishesOf(reading.question)
  if (reading.calls.length === 0) {
    const lines = wishes.flatMap((wish) => (wish._tag === "KeepPreference" ? [wish.line] : []))
    const calls = [
      ...wishes.flatMap((wish) => callsFor(reading, wish)),
      ...keepPreferences(reading, lines)
    ]
    const asked =
      calls.length === 0 && reading.required
        ? search(reading, reading.question.slice(0, 400))
        : calls
    const first = asked.filter((call, at) => asked.findIndex((one) => isSame(one, call)) === at)
    if (first.length > 0) return { _tag: "Calls", calls: first }
  }
  if (wishes.length === 0) {
    return reply("I could not find a question in that. Ask me something, or tell me your name.")
  }
  return reply(wishes.map((wish) => textFor(reading, wish)).join(" "))
}
