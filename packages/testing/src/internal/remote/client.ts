/**
 * Requests to a remote server, with every way in which they fail told as a typed reason [ADP-2]. No
 * wait is longer than its time-out, and a request that is left frees its connection [ADP-3].
 */

import { BackendError, type Reason } from "@atrium/core/errors"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Line, Made, maximumBytes } from "./protocol.ts"

/** Where the server is, and how long it may be silent. */
export interface Place {
  readonly url: string
  readonly timeoutMs: number
}

/** The lines of an answer, one at a time; fails when it ends before the server said so. */
export interface Lines {
  readonly next: Effect.Effect<Line, BackendError>
}

const parseLine = Schema.decodeUnknownOption(Schema.fromJsonString(Line))
const parseMade = Schema.decodeUnknownOption(Schema.fromJsonString(Made))

const malformed = (what: string) => BackendError.because({ _tag: "Malformed", what })

/** What an answer that is no success stands for. */
const refused = (host: string, { headers, status }: Response): BackendError => {
  const because = (reason: Reason, message?: string) => BackendError.because(reason, message)
  switch (status) {
    case 401:
    case 403:
      return because({ _tag: "Unauthenticated", by: host })
    case 402:
      return because({ _tag: "QuotaExceeded", budget: host })
    case 404:
      return because({ _tag: "NotFound", what: "agent, conversation or turn at the remote server" })
    case 409:
      return because(
        { _tag: "Busy", ahead: 1 },
        "The remote server still works on another turn of this conversation. Send again later."
      )
    case 410:
      return because({ _tag: "Gone", what: "turn at the remote server" })
    case 429: {
      const seconds = Number(headers.get("retry-after") ?? 1)
      const retryAfterMs = Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds * 1000)) : 1000
      return because({ _tag: "RateLimited", retryAfterMs })
    }
    default:
      return status >= 500
        ? because(
            { _tag: "Unreachable", host },
            `${host} failed (HTTP ${status}). Try again later.`
          )
        : because({ _tag: "Malformed", what: `The answer of ${host} (HTTP ${status})` })
  }
}

/** A client of the server at `url`. */
export const makeClient = ({ timeoutMs, url }: Place) => {
  const { host } = new URL(url)
  const gone = BackendError.because({ _tag: "Unreachable", host })

  /** Waits for the network, at most `timeoutMs`. */
  const wait = <A>(ask: () => Promise<A>, ms = timeoutMs): Effect.Effect<A, BackendError> =>
    Effect.tryPromise({ try: ask, catch: () => gone }).pipe(
      Effect.timeoutOrElse({
        duration: ms,
        orElse: () => Effect.fail(BackendError.because({ _tag: "TimedOut", afterMs: timeoutMs }))
      })
    )

  /** The pieces of a successful answer. The connection is dropped when the scope closes. */
  const open = Effect.fnUntraced(function* (
    method: string,
    path: ReadonlyArray<string>,
    body?: unknown
  ): Effect.fn.Return<ReadableStreamDefaultReader<Uint8Array>, BackendError, Scope.Scope> {
    const abort = yield* Effect.acquireRelease(
      Effect.sync(() => new AbortController()),
      (controller) => Effect.sync(() => controller.abort())
    )
    const response = yield* wait(() =>
      fetch(`${url}/${path.map(encodeURIComponent).join("/")}`, {
        method,
        signal: abort.signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
    )
    if (!response.ok) return yield* refused(host, response)
    if (response.body === null) return yield* malformed(`The empty answer of ${host}`)
    return response.body.getReader()
  })

  const tooLong = malformed(`The answer of ${host} (longer than ${maximumBytes} bytes)`)

  return {
    /** A request that is answered at once. */
    call: (method: string, path: ReadonlyArray<string>): Effect.Effect<string, BackendError> =>
      Effect.scoped(
        Effect.gen(function* () {
          const reader = yield* open(method, path)
          const decoder = new TextDecoder()
          let text = ""
          while (true) {
            const { done, value } = yield* wait(() => reader.read())
            if (done) return text
            text += decoder.decode(value, { stream: true })
            if (text.length > maximumBytes) return yield* tooLong
          }
        })
      ),

    /** What the server calls the thing that a `call` made. */
    made: (text: string): Effect.Effect<string, BackendError> => {
      const found = parseMade(text)
      return Option.isSome(found)
        ? Effect.succeed(found.value.ref)
        : Effect.fail(malformed(`The answer of ${host}`))
    },

    /**
     * A request that is answered in lines. Each may take `timeoutMs`, all together `totalMs`: a
     * server that only pings ends nobody's wait.
     */
    lines: Effect.fnUntraced(function* (
      method: string,
      path: ReadonlyArray<string>,
      totalMs: number,
      body?: unknown
    ): Effect.fn.Return<Lines, BackendError, Scope.Scope> {
      const deadline = (yield* Clock.currentTimeMillis) + totalMs
      const reader = yield* open(method, path, body)
      const decoder = new TextDecoder()
      let pending = ""
      const next: Effect.Effect<Line, BackendError> = Effect.gen(function* () {
        while (true) {
          const end = pending.indexOf("\n")
          if (end >= 0) {
            const line = parseLine(pending.slice(0, end))
            pending = pending.slice(end + 1)
            if (Option.isNone(line)) return yield* malformed(`A line from ${host}`)
            if (line.value._tag === "Ping") continue
            return line.value
          }
          if (pending.length > maximumBytes) return yield* tooLong
          const left = deadline - (yield* Clock.currentTimeMillis)
          if (left <= 0) return yield* BackendError.because({ _tag: "TimedOut", afterMs: totalMs })
          const { done, value } = yield* wait(() => reader.read(), Math.min(timeoutMs, left))
          if (done) {
            return yield* BackendError.because(
              { _tag: "Unreachable", host },
              `${host} was cut off in the middle of its answer. Send the message again as a new turn.`
            )
          }
          pending += decoder.decode(value, { stream: true })
        }
      })
      return { next }
    })
  }
}
