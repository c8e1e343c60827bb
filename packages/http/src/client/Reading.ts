/** One reading of a turn's stream: from a response to events, up to where the connection ends. */

import * as Effect from "effect/Effect"
import * as Sse from "effect/encoding/Sse"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Problem, ProblemFromBody } from "../api/Problem.ts"
import { decodeEvent, problemEvent, type ReadEvent } from "../api/TurnEvents.ts"

/** An event, and the cursor of a reader who has read it. */
export interface Read {
  readonly event: ReadEvent
  readonly cursor: string | undefined
}

/** Longest silence of a connection that lives; the server says something every 15 seconds. */
const silence = "45 seconds"

/** Longest event, in UTF-16 units: a tool's answer may be long. */
const maxEventSize = 16 * 1024 * 1024

const readProblem = Schema.decodeUnknownOption(Schema.fromJsonString(ProblemFromBody))

/** The problem that a text is; one of status 500 when it is none. */
export const problemOf = (body: string, status = 500): Problem =>
  Option.getOrElse(
    readProblem(body),
    () =>
      new Problem({
        type: "about:blank",
        title: "Unknown",
        status,
        detail: `The server answered ${status} and did not say why.`,
        reason: { _tag: "Unknown", name: "none" }
      })
  )

/** The whole events of a response. What came of one that was cut is not told. */
export const eventsOf = (
  response: HttpClientResponse.HttpClientResponse
): Stream.Stream<Read, HttpClientError.HttpClientError | Problem> =>
  Stream.suspend(() => {
    let read: Array<Read> = []
    let refusal: Problem | undefined
    const parser = Sse.makeParser(
      (told) => {
        if (told._tag === "Retry" || refusal !== undefined) return
        if (told.event === problemEvent) {
          refusal = problemOf(told.data)
          return
        }
        const event = decodeEvent(told.data)
        if (event !== undefined) read.push({ event, cursor: told.id })
      },
      { maxEventSize }
    )
    return response.stream.pipe(
      Stream.timeout(silence),
      Stream.decodeText,
      Stream.mapEffect((text) => {
        const tooLarge = parser.feed(text)
        const whole = read
        read = []
        if (tooLarge !== undefined) return Effect.fail(problemOf(""))
        return Effect.succeed({ whole, refusal })
      }),
      Stream.flatMap(({ refusal, whole }) =>
        refusal === undefined
          ? Stream.fromArray(whole)
          : Stream.concat(Stream.fromArray(whole), Stream.fail(refusal))
      )
    )
  })
