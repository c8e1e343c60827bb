/**
 * What an error of effect/ai means in Atrium's words, for a loop that decides by kind. Knows no
 * vendor: an adapter says more than `AiError` has fields for in the metadata of the reason, under its
 * own name, with the keys of `Told`.
 */
import type * as AiError from "effect/ai/AiError"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { BackendError, type Reason, rejected } from "../errors.ts"

/** What an adapter may tell in a reason's metadata. */
const Told = Schema.Struct({
  /** The server that was asked, without scheme and path. */
  host: Schema.optionalKey(Schema.String),
  /** The status it answered with. */
  status: Schema.optionalKey(Schema.Int),
  /** The vendor's code of the error; `context_length_exceeded` whatever the vendor calls it. */
  code: Schema.optionalKey(Schema.NullOr(Schema.String)),
  /** The same, as packages of effect call it. */
  errorCode: Schema.optionalKey(Schema.NullOr(Schema.String))
})
type Told = typeof Told.Type

const tooLong = new Set(["context_length_exceeded", "context_too_long"])

const readTold = Schema.decodeUnknownOption(Told)

const toldBy = (reason: AiError.AiErrorReason): Told =>
  Predicate.hasProperty(reason, "metadata") && Predicate.isObject(reason.metadata)
    ? Object.assign(
        {},
        ...Object.values(reason.metadata).map((one) => Option.getOrUndefined(readTold(one)))
      )
    : {}

/** Host and port of an address; core knows no `URL`. */
const hostOf = (url: string): string | undefined => /^https?:\/\/([^/?#\s]+)/i.exec(url)?.[1]

/**
 * Total and pure. A server's error (5xx) counts as `Unreachable`: the same request may succeed later.
 * `RateLimited.retryAfterMs` is 0 where the server did not say how long. An error whose cause is a
 * `BackendError` has that one's reason. `asked`: what was asked, where the error names no server.
 */
export const reasonOf = (error: AiError.AiError, asked: string = error.module): Reason => {
  const { reason } = error
  const told = toldBy(reason)
  const host = told.host ?? asked
  const malformed = (what: string): Reason => ({ _tag: "Malformed", what })
  switch (reason._tag) {
    case "AuthenticationError":
      return { _tag: "Unauthenticated", by: host }
    case "RateLimitError":
      return {
        _tag: "RateLimited",
        retryAfterMs:
          reason.retryAfter === undefined ? 0 : Math.ceil(Duration.toMillis(reason.retryAfter))
      }
    case "QuotaExhaustedError":
      return { _tag: "QuotaExceeded", budget: host }
    case "NetworkError":
      if (reason.cause instanceof BackendError) return reason.cause.reason
      return reason.reason === "TransportError"
        ? { _tag: "Unreachable", host: told.host ?? hostOf(reason.url) ?? asked }
        : rejected("request", reason.message)
    case "InternalProviderError":
      return { _tag: "Unreachable", host }
    case "InvalidRequestError":
      if (tooLong.has(told.code ?? told.errorCode ?? "")) return { _tag: "ContextTooLong" }
      if (told.status === 404) return { _tag: "NotFound", what: reason.parameter ?? "model" }
      return rejected(reason.parameter ?? "request", reason.message)
    case "ContentPolicyError":
      return rejected("text", reason.message)
    case "InvalidUserInputError":
      return rejected("text", reason.message)
    case "ToolConfigurationError":
      return rejected("tools", reason.message)
    case "ToolkitRequiredError":
      return rejected("tools", reason.message)
    case "UnsupportedSchemaError":
      return { _tag: "Unsupported", capability: "this schema of a structured answer" }
    case "InvalidToolResultError":
    case "ToolResultEncodingError":
      return malformed(`The result of the tool "${reason.toolName}"`)
    case "ToolNotFoundError":
    case "ToolParameterValidationError":
      return malformed(`The model's call of the tool "${reason.toolName}"`)
    case "InvalidOutputError":
    case "InvalidResponseError":
    case "StructuredOutputError":
      return malformed(`The answer of ${host}`)
    case "UnknownError":
      return told.status === 404
        ? { _tag: "NotFound", what: "model" }
        : malformed(`The answer of ${host}`)
  }
}
