import { BackendError } from "@atrium/core/errors"
import * as AiError from "effect/ai/AiError"
import type * as Prompt from "effect/ai/Prompt"
import * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import OpenAI from "openai"
import type { Endpoint } from "./endpoint.ts"
import { retryAfter } from "./retryAfter.ts"
import { serverWords } from "./serverWords.ts"

/** The call that an error is about. */
export interface Call {
  readonly method: "generateText" | "streamText"
  readonly endpoint: Endpoint
  readonly prompt: Prompt.Prompt
  readonly nowMs: () => number
}

/** Codes and types are words of the protocol; anything else in their place is not repeated. */
const word = (value: unknown): string | null =>
  typeof value === "string" && /^[\w.[\]-]{1,64}$/.test(value) ? value : null

const fail = (call: Call, reason: AiError.AiErrorReason): AiError.AiError =>
  AiError.make({ module: "OpenAi", method: call.method, reason })

const network = (call: Call, description: string, cause?: BackendError): AiError.AiError =>
  fail(
    call,
    new AiError.NetworkError({
      reason: "TransportError",
      method: "POST",
      url: `${call.endpoint.url}/chat/completions`,
      description,
      ...(cause === undefined ? {} : { cause })
    })
  )

/** The server was silent for longer than it may be. */
export const timedOut = (call: Call): AiError.AiError => {
  const afterMs = Math.ceil(Duration.toMillis(call.endpoint.timeout))
  return network(
    call,
    `${call.endpoint.host} was silent for ${afterMs} ms`,
    BackendError.because({ _tag: "TimedOut", afterMs })
  )
}

/** The server answered something that is not the protocol. `what`: which part, in a few words. */
export const malformed = (call: Call, what: string): AiError.AiError =>
  fail(
    call,
    new AiError.InvalidResponseError({
      description: `${call.endpoint.host} ${what}`,
      metadata: { openai: { host: call.endpoint.host } }
    })
  )

/** A request that is not sent, since it could never be understood. */
export const unsendable = (call: Call, parameter: string, description: string): AiError.AiError =>
  fail(
    call,
    parameter === "schema"
      ? new AiError.UnsupportedSchemaError({ description })
      : new AiError.InvalidRequestError({ parameter, description })
  )

/** The model refused, or a filter did. */
export const refused = (call: Call, description: string): AiError.AiError =>
  fail(
    call,
    new AiError.ContentPolicyError({
      description,
      metadata: { openai: { host: call.endpoint.host } }
    })
  )

/** The model called a tool with what is no JSON, or not what the tool takes. */
export const badArguments = (call: Call, toolName: string, description: string): AiError.AiError =>
  fail(call, new AiError.ToolParameterValidationError({ toolName, description }))

const QUOTA = new Set(["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"])
const TOO_LONG = new Set(["context_length_exceeded", "exceed_context_size_error"])
const FILTERED = new Set(["content_filter", "content_policy_violation"])

/** Servers that have no code for it say it in these words; at 400 only. */
const isTooLong = (status: number, said: unknown): boolean =>
  status === 400 &&
  typeof said === "string" &&
  /maximum context length|exceeds? the (?:available |model's )?context/i.test(said)

const fromStatus = (
  call: Call,
  status: number,
  error: InstanceType<typeof OpenAI.APIError>
): AiError.AiError => {
  const { apiKey, host } = call.endpoint
  const body: unknown = error.error
  const said = Predicate.hasProperty(body, "message") ? body.message : body
  const named = word(error.code) ?? word(error.type)
  const tooLong = (named !== null && TOO_LONG.has(named)) || isTooLong(status, said)
  // What is told on must not be the key or the conversation, not even in a code's place.
  const told = (value: unknown) => word(serverWords(word(value), apiKey, call.prompt))
  const code = tooLong ? "context_length_exceeded" : told(error.code)
  const metadata = {
    openai: { host, status, code, type: told(error.type), requestId: told(error.requestID) }
  }
  const words = serverWords(said, apiKey, call.prompt)
  const description = `${host} answered ${status}${code === null ? "" : ` (${code})`}${words === undefined ? "" : `: ${words}`}`

  if (status >= 300 && status < 400) {
    const why = `${host} answered ${status}: it sends callers elsewhere, and calls are not redirected. Set the base URL to where the server is.`
    return fail(
      call,
      new AiError.InvalidRequestError({ parameter: "base URL", description: why, metadata })
    )
  }
  if (tooLong) return fail(call, new AiError.InvalidRequestError({ description, metadata }))
  if (status === 402 || (named !== null && QUOTA.has(named))) {
    return fail(call, new AiError.QuotaExhaustedError({ metadata }))
  }
  if (named !== null && FILTERED.has(named)) {
    return fail(call, new AiError.ContentPolicyError({ description, metadata }))
  }
  switch (status) {
    case 401:
      return fail(
        call,
        new AiError.AuthenticationError({ kind: "InvalidKey", description, metadata })
      )
    case 403:
      return fail(
        call,
        new AiError.AuthenticationError({ kind: "InsufficientPermissions", description, metadata })
      )
    case 404: {
      // A server that knows the protocol says what it misses; another one has no such path.
      const parameter = Predicate.hasProperty(body, "message")
        ? "model"
        : "model server at this base URL"
      return fail(call, new AiError.InvalidRequestError({ parameter, description, metadata }))
    }
    case 408:
    case 409:
      return fail(call, new AiError.InternalProviderError({ description, metadata }))
    case 429: {
      const after = retryAfter(error.headers, call.nowMs())
      return fail(
        call,
        new AiError.RateLimitError({
          metadata,
          ...(after === undefined ? {} : { retryAfter: after })
        })
      )
    }
    default: {
      if (status >= 500)
        return fail(call, new AiError.InternalProviderError({ description, metadata }))
      const parameter = told(error.param)
      return fail(
        call,
        new AiError.InvalidRequestError({
          description,
          metadata,
          ...(parameter === null ? {} : { parameter })
        })
      )
    }
  }
}

/** An error that the server wrote into a stream it had begun: it has no status. */
const fromStream = (call: Call, error: InstanceType<typeof OpenAI.APIError>): AiError.AiError => {
  const code = word(error.code) ?? word(error.type)
  if (code === "rate_limit_exceeded" || String(error.code) === "429")
    return fromStatus(call, 429, error)
  return fromStatus(call, code !== null && /^invalid_request/.test(code) ? 400 : 500, error)
}

/** What a request threw, by its kind. The key is in none of it, nor is the conversation. */
export const toAiError =
  (call: Call) =>
  (cause: unknown): AiError.AiError => {
    const { host } = call.endpoint
    if (cause instanceof OpenAI.APIConnectionTimeoutError) return timedOut(call)
    if (cause instanceof OpenAI.APIConnectionError)
      return network(call, `${host} cannot be reached`)
    if (cause instanceof OpenAI.APIError) {
      return cause.status === undefined
        ? fromStream(call, cause)
        : fromStatus(call, cause.status, cause)
    }
    if (cause instanceof SyntaxError) return malformed(call, "sent what is no JSON")
    if (cause instanceof RangeError) return malformed(call, "sent an answer that does not end")
    return network(call, `${host} broke the connection off in mid-answer`)
  }
