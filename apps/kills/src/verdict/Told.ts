/** What the messages of a turn say, against what the backend was to say. */

import { isDeepStrictEqual } from "node:util"
import { type Message, textOf } from "@atrium/core/conversations/Message"
import { errandOf, inputOf } from "../Errand.ts"
import { answer } from "../Script.ts"

type Problems = ReadonlyArray<string>

/** The teller's: whole ones, and at last a partial one if cancelled. */
export const byTeller = (text: string, messages: ReadonlyArray<Message>): Problems => {
  const wrong: Array<string> = []
  messages.forEach((message, i) => {
    const step = i + 1
    const [, attempt] = /-(\d+)\.\d+$/.exec(message.id) ?? []
    const whole = answer(text, step, Number(attempt))
    const said = textOf(message)
    const last = step === messages.length
    if (message.role !== "assistant") wrong.push(`message ${step} is of role ${message.role}`)
    if (message.partial ? !last || !whole.startsWith(said) : said !== whole) {
      wrong.push(`message ${step} says "${said}" instead of "${whole}"`)
    }
  })
  return wrong
}

/** Messages of a native turn that is answered. */
export const wholeOf = (text: string): number => (errandOf(text).calls.length === 0 ? 1 : 3)

/** A text of a step as some run said it, whole or, in a partial message, its beginning. */
const isSaid = (text: string, step: number, { partial }: Message, said: string): boolean => {
  const [, run] = /^\d+\/(\d+) /.exec(said) ?? []
  if (run === undefined) return partial
  const whole = answer(text, step, Number(run))
  return partial ? whole.startsWith(said) : whole === said
}

/** The native one's: a step with its calls and one with their results, if any; then the answer. */
export const byNative = (text: string, messages: ReadonlyArray<Message>): Problems => {
  const { calls, talks } = errandOf(text)
  const wrong: Array<string> = []
  messages.forEach((message, i) => {
    const called = message.parts.flatMap((part) => (part._tag === "ToolCall" ? part : []))
    const isResult = calls.length > 0 && i === 1
    const step = i === 0 ? 1 : 2
    const said = textOf(message)
    // One that was cut off may be followed by what its calls came to.
    const last = messages.length - (called.length > 0 ? 2 : 1)
    if (message.partial && i !== last) wrong.push(`message ${i + 1} is partial`)
    if (message.role !== (isResult ? "tool" : "assistant")) {
      wrong.push(`message ${i + 1} is of role ${message.role}`)
    }
    const speaks = !isResult && (i > 0 || calls.length === 0 || talks)
    if (speaks ? !isSaid(text, step, message, said) : said !== "") {
      wrong.push(`message ${i + 1} says "${said}"`)
    }
    const due = i > 0 ? [] : calls
    const isDue = (given: (typeof called)[number], call: (typeof calls)[number] | undefined) =>
      call !== undefined &&
      given.name === call.name &&
      isDeepStrictEqual(given.input, inputOf(call))
    const same = message.partial
      ? called.every((given) => due.some((call) => isDue(given, call)))
      : called.length === due.length && called.every((given, n) => isDue(given, due[n]))
    if (!same) wrong.push(`message ${i + 1} calls ${called.map(({ name }) => name).join(", ")}`)
  })
  return wrong
}
