import * as Sse from "effect/encoding/Sse"
import * as Predicate from "effect/Predicate"
import OpenAI from "openai"
import { type Answer, headersOf } from "./send.ts"

/** Takes the bytes of a streamed answer as they come. */
export interface Events {
  /** Throws for what is no JSON, and an `APIError` where the server tells one. */
  readonly take: (bytes: Uint8Array) => void
  /** Nothing more will come: what has no end yet is an event, too. */
  readonly end: () => void
  /** The server said `[DONE]`; what follows it is not read. */
  readonly isDone: () => boolean
}

/** Reads `answer` as it comes: tells the JSON of each event to `tell`, which may throw. */
export const eventsOf = (answer: Answer, tell: (chunk: unknown) => void): Events => {
  const decoder = new TextDecoder()
  let isDone = false
  const parser = Sse.makeParser((event) => {
    if (event._tag !== "Event" || isDone) return
    if (event.data === "[DONE]") {
      isDone = true
      return
    }
    const chunk: unknown = JSON.parse(event.data)
    const broken = Predicate.hasProperty(chunk, "error") ? chunk.error : undefined
    if (event.event === "error" || broken) {
      const said = Predicate.isObject(broken) ? broken : Predicate.isObject(chunk) ? chunk : {}
      throw new OpenAI.APIError(undefined, said, undefined, headersOf(answer))
    }
    tell(chunk)
  })
  const feed = (text: string): void => {
    // An event without end would fill the memory.
    if (parser.feed(text) !== undefined) throw new SyntaxError("An event is too large.")
  }
  return {
    take: (bytes) => feed(decoder.decode(bytes, { stream: true })),
    end: () => feed(`${decoder.decode()}\n\n`),
    isDone: () => isDone
  }
}
