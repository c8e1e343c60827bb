/**
 * What every refusal looks like: a problem of RFC 9457, with our reason beside it. People read
 * `detail`, code decides on `reason`.
 */
import { Reason } from "@atrium/core/errors"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** The server failed; its log says why. */
export const Internal = Schema.TaggedStruct("Internal", {})
/** The caller reads as many event streams at a time as it may: `open`. */
export const TooManyStreams = Schema.TaggedStruct("TooManyStreams", {
  open: Schema.Int,
  retryAfterMs: Schema.Int
})
/** A reason that this version does not know: another version of the server gave it. `name`: its tag. */
export const UnknownReason = Schema.TaggedStruct("Unknown", { name: Schema.String })

const KnownReason = Schema.Union([Reason, Internal, TooManyStreams, UnknownReason])
export type ProblemReason = typeof KnownReason.Type

const tagOf = (value: unknown): string =>
  typeof value === "object" && value !== null && "_tag" in value ? `${value._tag}` : "none"

const isKnownReason = Schema.is(KnownReason)

/** A reason as it is, or `Unknown`; never a failure. */
export const reasonOf = (value: unknown): ProblemReason =>
  isKnownReason(value) ? value : { _tag: "Unknown", name: tagOf(value) }

/**
 * A refusal.
 * - `status`: the status of the answer.
 * - `title`: what that status says; `detail`: what was wrong and what to do, for a person.
 * - `retryAfter`: whole seconds after which the same request may succeed, where that is known.
 */
export class Problem extends Schema.TaggedError<Problem>()("Problem", {
  type: Schema.String,
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.String,
  reason: KnownReason
}) {
  override get message(): string {
    return this.detail
  }
  get retryAfter(): number | undefined {
    return this.reason._tag === "RateLimited" || this.reason._tag === "TooManyStreams"
      ? Math.ceil(this.reason.retryAfterMs / 1000)
      : undefined
  }
}

/** Media type of a problem. */
export const contentType = "application/problem+json"

/** The statuses of problems, and what they say. */
export const titles = {
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable"
} as const
export type Status = keyof typeof titles

/** The body of a problem. A reason that is not known yet is decoded as `Unknown`. */
export const ProblemBody = Schema.Struct({
  type: Schema.String,
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.String,
  reason: Schema.Json
}).annotate({ identifier: "Problem" })

/** A problem from its body, and back. */
export const ProblemFromBody = ProblemBody.pipe(
  Schema.decodeTo(
    Schema.toType(Problem),
    SchemaTransformation.transform({
      decode: (body) => new Problem({ ...body, reason: reasonOf(body.reason) }),
      encode: ({ detail, reason, status, title, type }) => ({ type, title, status, detail, reason })
    })
  )
)

const answer = (status: Status) =>
  ProblemFromBody.pipe(HttpApiSchema.asJson({ contentType }), HttpApiSchema.status(status))

/** Turns whatever fails into a problem. It is around every route, and all of these may come back. */
export class Problems extends HttpApiMiddleware.Service<Problems>()("@atrium/http/api/Problems", {
  error: [
    answer(400),
    answer(401),
    answer(402),
    answer(403),
    answer(404),
    answer(405),
    answer(409),
    answer(410),
    answer(413),
    answer(415),
    answer(421),
    answer(422),
    answer(429),
    answer(500),
    answer(502),
    answer(503)
  ]
}) {}
