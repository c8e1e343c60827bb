import { BackendError, rejected } from "@atrium/core/errors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import OpenAI from "openai"
import { type Target, targetOf } from "./send.ts"

/** A server that speaks the protocol, and how it is talked to. */
export interface Endpoint {
  /** As in `https://api.openai.com/v1`. */
  readonly url: string
  /** As in `api.openai.com`: what errors call the server. */
  readonly host: string
  readonly apiKey: Redacted.Redacted
  /** How long the server may be silent. */
  readonly timeout: Duration.Duration
  readonly target: Target
}

const OPENAI_URL = "https://api.openai.com/v1"

/** Sent where a server wants no key; the protocol has no way to send none. */
const NO_KEY = Redacted.make("no-key")

/** What is wrong with a base URL; `undefined` where nothing is. Never repeats it: it may hold a secret. */
export const faultOfUrl = (text: string): string | undefined => {
  // The parser would drop line breaks and tabs in silence.
  if (/[\s\p{Cc}\\]/u.test(text) || !URL.canParse(text)) return "is not a URL"
  const url = new URL(text)
  if (url.protocol !== "https:" && url.protocol !== "http:")
    return "does not begin with https:// or http://"
  if (url.username !== "" || url.password !== "") return "has a user name or a password in it"
  // Node would take the protocol's own port in its place.
  if (url.port === "0") return "has the port 0"
  if (text.includes("?") || text.includes("#")) return "has a query or a fragment"
  return undefined
}

/** What is wrong with a key; `undefined` where nothing is. */
export const faultOfKey = (text: string): string | undefined => {
  if (text === "") return "is empty"
  return /^[\x21-\x7e]+$/.test(text) ? undefined : "has characters that no key has"
}

/** What is wrong with a model's name; `undefined` where nothing is. */
export const faultOfModel = (text: string): string | undefined => {
  if (text.trim() === "") return "is empty"
  if (text.length > 256) return "is longer than 256 characters"
  return /[\s\p{Cc}]/u.test(text) || !text.isWellFormed()
    ? "has spaces or control characters"
    : undefined
}

const refuse = (field: string, why: string) =>
  Effect.fail(BackendError.because(rejected(field, why)))

/** The SDK says once how its server is called: the address, the key's header, and those it adds. */
const targetAt = async (baseURL: string, apiKey: Redacted.Redacted): Promise<Target> => {
  const client = new OpenAI({
    apiKey: Redacted.value(apiKey),
    baseURL,
    // Left out, each of these would be read from the environment.
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    logLevel: "off"
  })
  const { req, url } = await client.buildRequest({
    method: "post",
    path: "/chat/completions",
    body: {}
  })
  return targetOf(new URL(url), new Headers(req.headers))
}

/** Checks the settings. Nothing is sent. */
export const makeEndpoint = Effect.fnUntraced(function* (options: {
  readonly apiKey?: Redacted.Redacted | undefined
  readonly baseUrl?: string | undefined
  readonly timeout?: Duration.Input | undefined
}): Effect.fn.Return<Endpoint, BackendError> {
  if (options.baseUrl === undefined && options.apiKey === undefined) {
    return yield* refuse(
      "apiKey",
      "OpenAI wants a key. Give `apiKey`, or the `baseUrl` of a server without keys."
    )
  }
  const base = options.baseUrl ?? OPENAI_URL
  const wrongUrl = faultOfUrl(base)
  if (wrongUrl !== undefined) {
    return yield* refuse("baseUrl", `The base URL ${wrongUrl}. Give one like ${OPENAI_URL}.`)
  }
  const apiKey = options.apiKey ?? NO_KEY
  const wrongKey = faultOfKey(Redacted.value(apiKey))
  if (wrongKey !== undefined) {
    return yield* refuse("apiKey", `The API key ${wrongKey}. Copy it again from your provider.`)
  }
  const timeout = Duration.fromInputUnsafe(options.timeout ?? "120 seconds")
  if (!(Duration.toMillis(timeout) > 0)) {
    return yield* refuse("timeout", "The time that a server may be silent must be longer than 0.")
  }
  const url = base.replace(/\/+$/, "")
  // The address and the key are checked: what is left are headers of the environment.
  const target = yield* Effect.tryPromise(() => targetAt(url, apiKey)).pipe(
    Effect.catch(() =>
      refuse(
        "OPENAI_CUSTOM_HEADERS",
        "OPENAI_CUSTOM_HEADERS has a header that no request can have. Write each as `Name: value`, one a line, in plain characters."
      )
    )
  )
  return { url, host: new URL(url).host, apiKey, timeout, target }
})
