/** The events of a turn as a `text/event-stream`. */
import type { TurnError } from "@atrium/core/errors"
import * as Cursor from "@atrium/core/turns/Cursor"
import type { TurnEvent } from "@atrium/core/turns/TurnEvent"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Stream from "effect/Stream"
import { encodeEvent, problemEvent } from "../api/TurnEvents.ts"
import { bodyOf, told } from "./Answers.ts"

/** How long a reader that lost its connection waits before it comes back, in milliseconds. */
const retryMs = 1000
/** How often a silent stream says that it lives: often enough for proxies that wait for 30 s. */
export const heartbeat = Duration.seconds(15)

const headers = {
  "cache-control": "no-cache, no-transform",
  // nginx and its kind would keep events back until a buffer is full.
  "x-accel-buffering": "no"
}

const encoder = new TextEncoder()

const frame = (event: TurnEvent): string =>
  `id: ${Cursor.after(event)}\ndata: ${encodeEvent(event)}\n\n`

/**
 * A response that tells the events as they come, and comments while none come. It ends with the
 * events, with `closing`, or with an event named `problem`. The reader pulls: one that is slow or
 * leaves holds back this response alone.
 */
export const eventResponse = (
  events: Stream.Stream<TurnEvent, TurnError>,
  closing: Effect.Effect<void>,
  more: Readonly<Record<string, string>> = {}
): HttpServerResponse.HttpServerResponse => {
  const frames = events.pipe(
    Stream.mapArray((together) => [together.map(frame).join("")] as const),
    Stream.catch((error) =>
      Stream.fromEffect(
        Effect.match(told(Effect.fail(error)), {
          onFailure: (answer) => `event: ${problemEvent}\ndata: ${bodyOf(answer)}\n\n`,
          onSuccess: () => ""
        })
      )
    )
  )
  const beats = Stream.drop(Stream.tick(heartbeat), 1).pipe(Stream.map(() => ":\n\n"))
  const body = Stream.merge(frames, beats, { haltStrategy: "left" }).pipe(
    Stream.interruptWhen(closing),
    (rest) => Stream.concat(Stream.succeed(`retry: ${retryMs}\n\n`), rest),
    Stream.map((text) => encoder.encode(text))
  )
  return HttpServerResponse.stream(body, {
    contentType: "text/event-stream",
    headers: { ...headers, ...more }
  })
}
