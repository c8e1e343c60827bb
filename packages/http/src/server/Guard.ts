/**
 * What is refused before any route is asked, and what no route answered.
 *
 * A page of another site can make a browser send requests to a server on loopback, also under the
 * site's own name (DNS rebinding). So requests must name a host we know, and an Origin, where a
 * browser sends one, must be that host or one that was allowed.
 */

import * as ByteSize from "effect/ByteSize"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as HttpRouter from "effect/http/HttpRouter"
import { HttpServerError } from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApi from "effect/http-api/HttpApi"
import type * as Layer from "effect/Layer"
import type * as Types from "effect/Types"
import { Api } from "../api/Api.ts"
import type { Problem } from "../api/Problem.ts"
import { failed, problem, responseOf } from "./Answers.ts"

/** Largest body of a request. */
export const maximumBody = ByteSize.mebibytes(1)

/** Names and origins that are answered to. */
export interface Allowed {
  /** Host headers: `api.example.com` with any port, or `localhost:8080`. */
  readonly hosts: ReadonlyArray<string>
  /** Origins of other sites whose pages may ask: `https://app.example.com`. */
  readonly origins: ReadonlyArray<string>
}

type Request = HttpServerRequest.HttpServerRequest

const rejected = (field: string, why: string) => ({ _tag: "Rejected", field, why }) as const

const misdirected = problem(
  421,
  rejected("host", "This server does not answer under that name."),
  "This server does not answer under that name. Its operator can allow it."
)
const foreignOrigin = problem(
  403,
  rejected("origin", "Pages of that origin may not ask here."),
  "Pages of that origin may not ask here. The server's operator can allow it."
)
const tooLarge = problem(
  413,
  rejected("body", "A body has at most 1 MiB."),
  "A body has at most 1 MiB."
)
const notJson = problem(
  415,
  rejected("content-type", "A body is application/json."),
  "A body is application/json."
)
const noRoute = problem(404, { _tag: "NotFound", what: "route" }, "No such route.")
const unreadable = problem(
  400,
  rejected("body", "The body ended before its time."),
  "The body ended before its time."
)

/** The host that a request names, in lower case: its header, else its URL's. */
const hostOf = (request: Request): string | undefined => {
  const named = request.headers["host"]
  if (named !== undefined) return named.toLowerCase()
  return URL.canParse(request.originalUrl) ? new URL(request.originalUrl).host : undefined
}

const withoutPort = (host: string): string => host.replace(/:\d*$/, "")

const isAllowed = (hosts: ReadonlySet<string>, host: string): boolean =>
  hosts.has(host) || hosts.has(withoutPort(host))

/** Why a request is refused whatever its route, or `undefined`. */
const whyRefused = (
  request: Request,
  hosts: ReadonlySet<string>,
  origins: ReadonlySet<string>
): Problem | undefined => {
  // Probes name the address of a machine, and learn nothing.
  if (request.url.startsWith("/health/")) return undefined
  const host = hostOf(request)
  if (host === undefined || !isAllowed(hosts, host)) return misdirected
  const origin = request.headers["origin"]
  if (origin !== undefined && !origins.has(origin)) {
    const own = URL.canParse(origin) ? new URL(origin).host : undefined
    if (own !== host) return foreignOrigin
  }
  const type = request.headers["content-type"]
  if (type !== undefined && !/^application\/json\s*(?:;|$)/i.test(type)) return notJson
  if (Number(request.headers["content-length"] ?? 0) > Number(maximumBody)) return tooLarge
  return undefined
}

/** Answers hold secrets and what users said: nobody on the way keeps them, or takes them for pages. */
const unkept = (response: HttpServerResponse.HttpServerResponse) =>
  HttpServerResponse.setHeaders(response, {
    "cache-control": response.headers["cache-control"] ?? "no-store",
    "x-content-type-options": "nosniff"
  })

/** Methods by the paths of the API's routes. */
const routes = (() => {
  const found = new Map<string, { readonly form: RegExp; readonly methods: Set<string> }>()
  HttpApi.reflect(Api, {
    onGroup: () => undefined,
    onEndpoint: ({ endpoint: { method, path } }) => {
      const form = new RegExp(`^${path.replaceAll(/:\w+/g, "[^/]+")}/?$`)
      const entry = found.get(path) ?? { form, methods: new Set() }
      found.set(path, { ...entry, methods: entry.methods.add(method) })
    }
  })
  return [...found.values()]
})()

const unrouted = (request: Request): HttpServerResponse.HttpServerResponse => {
  const path = request.url.replace(/[?#].*$/s, "")
  const methods = routes.find(({ form }) => form.test(path))?.methods
  // A path whose escapes say no text is none, although it has the form of one.
  if (methods === undefined || methods.has(request.method)) return responseOf(noRoute)
  const allow = [...methods].sort().join(", ")
  const why = `This route knows ${allow}.`
  return responseOf(problem(405, rejected("method", why), why), { allow })
}

/** What a cause says of the transport; `undefined` when something of ours failed. */
const transportError = (cause: Cause.Cause<unknown>): HttpServerError | undefined =>
  cause.reasons
    .map((reason) =>
      reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : undefined
    )
    .find((error) => error instanceof HttpServerError)

const answerTo = (
  request: Request,
  cause: Cause.Cause<unknown>
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const reason = transportError(cause)?.reason
  if (reason?._tag === "RouteNotFound") return Effect.succeed(unrouted(request))
  if (reason?._tag === "RequestParseError") {
    // What is left of the body is not read, so the connection cannot be used again.
    return Effect.succeed(
      reason.reason === "BodyTooLarge"
        ? responseOf(tooLarge, { connection: "close" })
        : responseOf(unreadable, { connection: "close" })
    )
  }
  return Effect.as(Effect.logError("request died", cause), responseOf(failed))
}

/** Stands around the whole router. */
export const layer = ({
  hosts,
  origins
}: Allowed): Layer.Layer<never, never, HttpRouter.HttpRouter> => {
  const names = new Set(hosts.map((host) => host.toLowerCase()))
  const sites = new Set(origins)
  return HttpRouter.middleware(
    (route) =>
      Effect.flatMap(
        HttpServerRequest.HttpServerRequest,
        (request): Effect.Effect<HttpServerResponse.HttpServerResponse, Types.unhandled> => {
          const refusal = whyRefused(request, names, sites)
          if (refusal !== undefined) return Effect.succeed(responseOf(refusal))
          return route.pipe(
            Effect.provideService(HttpIncomingMessage.MaxBodySize, maximumBody),
            Effect.map(unkept),
            Effect.catchCause((cause) =>
              Cause.hasInterruptsOnly(cause) ? Effect.failCause(cause) : answerTo(request, cause)
            )
          )
        }
      ),
    { global: true }
  )
}
