/** From our reasons to statuses, one for each, and from problems to responses. */
import type {
  MemoryError,
  Reason,
  StorageError,
  TenancyError,
  TurnError
} from "@atrium/core/errors"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { contentType, Problem, type ProblemReason, type Status, titles } from "../api/Problem.ts"

/** The status of a reason. What is wrong on our side is 500, whatever it is. */
export const statusOf = (reason: Reason): Status => {
  switch (reason._tag) {
    case "Rejected":
      return 400
    case "Unauthenticated":
      // A vendor that refuses our key says nothing about the caller's.
      return reason.by === "atrium" ? 401 : 502
    case "QuotaExceeded":
      return 402
    case "Forbidden":
      return 403
    case "NotFound":
      return 404
    case "Conflict":
    case "Busy":
    case "Waiting":
      return 409
    case "Gone":
      return 410
    case "Unsupported":
    case "ContextTooLong":
      return 422
    case "RateLimited":
      return 429
    default:
      return 500
  }
}

/** Reasons of status 500 that name nothing of the inside: how a turn ended. */
const tellable: ReadonlySet<string> = new Set(["NoAnswer", "Crashed", "TimedOut"])

const internal: ProblemReason = { _tag: "Internal" }

/** A problem of this status. */
export const problem = (status: Status, reason: ProblemReason, detail: string): Problem =>
  new Problem({ type: "about:blank", title: titles[status], status, detail, reason })

/** What a caller may know when the server failed. The rest is in its log. */
export const failed = problem(500, internal, "The server failed. Its log says why.")

const problemOf = ({ message, reason }: CoreError): Problem => {
  const status = statusOf(reason)
  if (status === 502) return problem(502, internal, "A vendor refused the server.")
  if (status === 500 && !tellable.has(reason._tag)) return failed
  return problem(status, reason, message)
}

type CoreError = TurnError | TenancyError | MemoryError | StorageError

/** Turns errors of core into problems, and logs those that are ours to mend. */
export const told = <A, R>(self: Effect.Effect<A, CoreError, R>): Effect.Effect<A, Problem, R> =>
  Effect.catch(self, (error) => {
    const answer = problemOf(error)
    return answer.status < 500
      ? Effect.fail(answer)
      : Effect.andThen(
          Effect.logError("request failed").pipe(
            Effect.annotateLogs({ reason: error.reason._tag, error: error.message })
          ),
          Effect.fail(answer)
        )
  })

/** The body of a problem in JSON. */
export const bodyOf = ({ detail, reason, status, title, type }: Problem): string =>
  JSON.stringify({ type, title, status, detail, reason })

const headersOf = ({ retryAfter, status }: Problem): Record<string, string> => ({
  "cache-control": "no-store",
  ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
  ...(retryAfter === undefined ? {} : { "retry-after": `${retryAfter}` })
})

/** The response that a problem is. */
export const responseOf = (
  answer: Problem,
  headers: Readonly<Record<string, string>> = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(bodyOf(answer), {
    status: answer.status,
    contentType,
    headers: { ...headersOf(answer), ...headers }
  })
