/** Following a turn over connections that break. */
import * as Cursor from "@atrium/core/turns/Cursor"
import { isEnd } from "@atrium/core/turns/TurnFact"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { Problem } from "../api/Problem.ts"
import type { ReadEvent } from "../api/TurnEvents.ts"
import { eventsOf, problemOf, type Read } from "./Reading.ts"

export type FollowError = HttpClientError.HttpClientError | Problem

/**
 * How a reader comes back. After the n-th try in vain it waits `firstMs * 2^(n-1)`, at most `mostMs`,
 * of which a random half; after `tries` of them it gives up with the last error. A connection that
 * told anything new begins anew. Defaults: 250 ms, 8 s, 10 tries.
 */
export interface BackOff {
  readonly firstMs?: number
  readonly mostMs?: number
  readonly tries?: number
}

/** Whether the same question may be answered later. */
const passes = (error: FollowError): boolean =>
  error instanceof Problem
    ? error.status === 429 || error.status >= 500
    : HttpClientError.isHttpClientError(error)

/** Whether the reader who stands there has read it: something on the way dropped where that is. */
const isOld = (event: ReadEvent, cursor: string | undefined): boolean => {
  const at = cursor === undefined ? undefined : Cursor.parse(cursor)
  return at !== undefined && event._tag !== "Unknown" && event.sequence < at.sequence
}

/** The answer to one request: its events, or nothing where there are none left. */
const open = (client: HttpClient.HttpClient, id: string, cursor: string | undefined) =>
  Stream.unwrap(
    Effect.gen(function* () {
      const response = yield* client.execute(
        HttpClientRequest.get(`/v1/turns/${encodeURIComponent(id)}/events`).pipe(
          HttpClientRequest.accept("text/event-stream"),
          cursor === undefined
            ? (request) => request
            : HttpClientRequest.setHeader("last-event-id", cursor)
        )
      )
      if (response.status === 204) return "over" as const
      if (response.status === 200) return eventsOf(response)
      return yield* problemOf(yield* response.text, response.status)
    }).pipe(
      Effect.map((opened) => (opened === "over" ? Stream.succeed<Read | "over">("over") : opened))
    )
  )

/**
 * The events of a turn after `after`, each once and none left out, to the turn's end or until it waits
 * for a person: a connection that breaks is opened anew where the reader stands. Fails with the problem of the first refusal
 * that waiting does not mend, or the last error after too many tries.
 */
export const followTurn =
  (client: HttpClient.HttpClient, { firstMs = 250, mostMs = 8000, tries = 10 }: BackOff = {}) =>
  (id: string, after?: string): Stream.Stream<ReadEvent, FollowError> =>
    Stream.callback<ReadEvent, FollowError>(
      (queue: Queue.Queue<ReadEvent, FollowError | Cause.Done>) =>
        Effect.gen(function* () {
          let cursor = after
          let vain = 0
          let asks = false
          while (true) {
            let over = false
            const error = yield* open(client, id, cursor).pipe(
              Stream.takeUntil((read) => read !== "over" && isEnd(read.event)),
              Stream.runForEach((read) => {
                if (read === "over") {
                  over = true
                  return Effect.void
                }
                over ||= isEnd(read.event)
                // An end is told whatever its number is.
                if (!over && isOld(read.event, cursor)) return Effect.void
                vain = 0
                cursor = read.cursor ?? cursor
                asks = read.event._tag === "ApprovalRequested"
                return Queue.offer(queue, read.event)
              }),
              Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
            )
            if (over) return yield* Queue.end(queue)
            vain += 1
            // The server ends the stream of a turn that waits, and says so when it is asked again.
            if (asks && vain === 1 && error === undefined) continue
            if (error !== undefined && (!passes(error) || vain > tries)) {
              return yield* Queue.fail(queue, error)
            }
            if (vain > tries) return yield* Queue.fail(queue, gaveUp(tries))
            yield* Effect.sleep(yield* wait(vain, error, firstMs, mostMs))
          }
        })
    )

const gaveUp = (tries: number): Problem =>
  new Problem({
    type: "about:blank",
    title: "No Answer",
    status: 503,
    detail: `The stream ended ${tries} times without telling anything.`,
    reason: { _tag: "Internal" }
  })

const wait = (
  vain: number,
  error: FollowError | undefined,
  firstMs: number,
  mostMs: number
): Effect.Effect<number> =>
  Effect.map(Random.next, (random) => {
    const said = error instanceof Problem ? (error.retryAfter ?? 0) * 1000 : 0
    const full = Math.min(mostMs, firstMs * 2 ** (vain - 1))
    return Math.max(said, full / 2 + (full / 2) * random)
  })
