/** The API on Node's HTTP server. */
import { TenancyError } from "@atrium/core/errors"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import type { ServeError } from "effect/http/HttpServerError"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as NodeListener from "./NodeListener.ts"
import { OpenStreams } from "./server/OpenStreams.ts"
import { routerConfig, layer as routes, type Services } from "./server/Routes.ts"

/**
 * - `port`: 8080 unless said otherwise; 0 takes a free one.
 * - `address`: where to listen, 127.0.0.1 unless said otherwise.
 * - `hosts`: names that requests may ask for, with or without a port; the names of loopback with the
 *   port unless said otherwise. A server that others reach must be told its own.
 * - `origins`: origins of other sites whose pages may ask; none unless said otherwise.
 * - `chat`: the template whose agent replies to `POST /chat`.
 * - `streams`: event streams that a user may hold open at a time; 32 unless said otherwise.
 * - `beside`: routes of the app itself, such as those of its page. The guard stands before them too;
 *   who asks is theirs to find out.
 * - `patience`: how long requests may take to end when the server closes; 5 s. Turns do not end with
 *   their requests.
 */
export interface Options {
  readonly port?: number
  readonly address?: string
  readonly hosts?: ReadonlyArray<string>
  readonly origins?: ReadonlyArray<string>
  readonly chat?: string
  readonly streams?: number
  readonly beside?: Layer.Layer<never, never, HttpRouter.HttpRouter | Services>
  readonly patience?: Duration.Input
}

const isLoopback = (address: string): boolean =>
  address === "localhost" || address === "::1" || /^127(?:\.\d{1,3}){3}$/.test(address)

const loopbackNames = (port: number): ReadonlyArray<string> =>
  ["localhost", "127.0.0.1", "[::1]"].flatMap((name) =>
    port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]
  )

/** A resolver that lets an empty credential in asks nobody who they are. */
const refuseOpenDoors = (address: string): Effect.Effect<void, TenancyError, TenantResolver> =>
  Effect.gen(function* () {
    if (isLoopback(address)) return
    const resolver = yield* TenantResolver
    const stranger = yield* Effect.option(resolver.resolve(Redacted.make("")))
    if (stranger._tag === "None") return
    return yield* TenancyError.because({
      _tag: "Rejected",
      field: "address",
      why: `This app lets everybody in without a credential, so it listens on loopback only, not on ${address}. Use TenantResolver.layerApiKeys, or the address 127.0.0.1.`
    })
  })

/**
 * Serves the API until the layer is closed: it then ends the streams, so that readers come back
 * elsewhere or later, lets requests end, stops listening, and leaves core to be closed after it.
 * Fails with `Rejected` when it would let strangers in from beyond loopback.
 */
export const layer = (
  options: Options = {}
): Layer.Layer<HttpServer.HttpServer, ServeError | TenancyError, Services> =>
  Layer.suspend(() => listening(options))

const listening = ({
  address = "127.0.0.1",
  beside = Layer.empty,
  chat,
  hosts,
  origins = [],
  patience = "5 seconds",
  port = 8080,
  streams
}: Options) => {
  const listener = NodeListener.make()
  const bound = Layer.unwrap(
    Effect.as(
      refuseOpenDoors(address),
      NodeHttpServer.layer(() => listener.server, {
        port,
        host: address,
        gracefulShutdownTimeout: patience
      })
    )
  )
  const served = Layer.unwrap(
    Effect.map(HttpServer.HttpServer, (server) => {
      const taken = "port" in server.address ? server.address.port : port
      return HttpRouter.serve(
        Layer.merge(
          routes({
            hosts: hosts ?? loopbackNames(taken),
            origins,
            ...(chat === undefined ? {} : { chat })
          }),
          beside
        ),
        { disableListenLog: true, disableLogger: true, routerConfig }
      )
    })
  )
  // What is built last is closed first: while streams are open the listener would wait for them.
  const ending = Layer.effectDiscard(
    Effect.flatMap(OpenStreams, ({ end }) =>
      Effect.addFinalizer(() => Effect.andThen(end, listener.release(Duration.toMillis(patience))))
    )
  )
  return ending.pipe(
    Layer.provideMerge(served),
    Layer.provide(OpenStreams.layer(streams)),
    Layer.provideMerge(bound)
  )
}
