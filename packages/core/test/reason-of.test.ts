import { assert, describe, it } from "@effect/vitest"
import * as AiError from "effect/ai/AiError"
import * as Duration from "effect/Duration"
import { reasonOf } from "../src/backend/ReasonOf.ts"
import { BackendError, type Reason } from "../src/errors.ts"

const told = (more: Record<string, string | number | null> = {}) => ({
  metadata: { vendor: { host: "models.test", ...more } }
})
const network = (more: {
  readonly reason?: "TransportError" | "EncodeError" | "InvalidUrlError"
  readonly url?: string
  readonly cause?: unknown
}) =>
  new AiError.NetworkError({
    reason: "TransportError",
    method: "POST",
    url: "https://models.test:8443/v1",
    ...more
  })

/** A reason of effect/ai, whoever made it, and what it means. */
const meanings: ReadonlyArray<readonly [reason: AiError.AiErrorReason, means: Reason]> = [
  [
    new AiError.AuthenticationError({ kind: "ExpiredKey", ...told() }),
    { _tag: "Unauthenticated", by: "models.test" }
  ],
  [new AiError.AuthenticationError({ kind: "Unknown" }), { _tag: "Unauthenticated", by: "Vendor" }],
  [new AiError.RateLimitError({}), { _tag: "RateLimited", retryAfterMs: 0 }],
  [
    new AiError.RateLimitError({ retryAfter: Duration.millis(1.2) }),
    { _tag: "RateLimited", retryAfterMs: 2 }
  ],
  [new AiError.QuotaExhaustedError(told()), { _tag: "QuotaExceeded", budget: "models.test" }],
  [network({}), { _tag: "Unreachable", host: "models.test:8443" }],
  [network({ url: "no url" }), { _tag: "Unreachable", host: "Vendor" }],
  [
    network({ cause: BackendError.because({ _tag: "TimedOut", afterMs: 9 }) }),
    { _tag: "TimedOut", afterMs: 9 }
  ],
  [network({ cause: new Error("reset") }), { _tag: "Unreachable", host: "models.test:8443" }],
  [
    new AiError.InternalProviderError({ description: "500", ...told() }),
    { _tag: "Unreachable", host: "models.test" }
  ],
  [
    new AiError.InvalidRequestError(told({ code: "context_length_exceeded", status: 400 })),
    { _tag: "ContextTooLong" }
  ],
  [new AiError.InvalidRequestError(told({ status: 404 })), { _tag: "NotFound", what: "model" }],
  [
    new AiError.InvalidRequestError({ parameter: "top_p", ...told({ status: 400, code: null }) }),
    { _tag: "Rejected", field: "top_p", why: "Invalid request: parameter 'top_p'" }
  ],
  [
    // What another adapter put there in a shape of its own is not understood, and harms nothing.
    new AiError.InvalidRequestError({
      metadata: { vendor: { status: "404", code: 7 }, odd: null }
    }),
    { _tag: "Rejected", field: "request", why: "Invalid request" }
  ],
  [
    new AiError.ContentPolicyError({ description: "violence" }),
    { _tag: "Rejected", field: "text", why: "Content policy violation: violence" }
  ],
  [
    new AiError.InvalidUserInputError({ description: "a film" }),
    { _tag: "Rejected", field: "text", why: "Invalid user input: a film" }
  ],
  [
    new AiError.ToolConfigurationError({ toolName: "find", description: "no" }),
    { _tag: "Rejected", field: "tools", why: "Invalid configuration for tool 'find': no" }
  ],
  [
    new AiError.UnsupportedSchemaError({ description: "no" }),
    { _tag: "Unsupported", capability: "this schema of a structured answer" }
  ],
  [
    new AiError.ToolNotFoundError({ toolName: "rm", availableTools: [] }),
    { _tag: "Malformed", what: 'The model\'s call of the tool "rm"' }
  ],
  [
    new AiError.ToolParameterValidationError({ toolName: "find", description: "no" }),
    { _tag: "Malformed", what: 'The model\'s call of the tool "find"' }
  ],
  [
    new AiError.InvalidToolResultError({ toolName: "find", description: "no" }),
    { _tag: "Malformed", what: 'The result of the tool "find"' }
  ],
  [
    new AiError.InvalidResponseError({ description: "no", ...told() }),
    { _tag: "Malformed", what: "The answer of models.test" }
  ],
  [
    new AiError.StructuredOutputError({ description: "no", responseText: "x" }),
    { _tag: "Malformed", what: "The answer of Vendor" }
  ],
  [new AiError.UnknownError({}), { _tag: "Malformed", what: "The answer of Vendor" }]
]

describe("reasonOf", () => {
  for (const [reason, means] of meanings) {
    it(`${reason._tag} is ${JSON.stringify(means)}`, () => {
      const error = AiError.make({ module: "Vendor", method: "generateText", reason })
      assert.deepStrictEqual(reasonOf(error), means)
    })
  }
})
