/** The API as a web handler, from Request to Response: for servers that are not Node's own. */
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import { OpenStreams } from "./server/OpenStreams.ts"
import {
  type Options as RouteOptions,
  routerConfig,
  layer as routes,
  type Services
} from "./server/Routes.ts"

/** `streams`: event streams that a user may hold open at a time; 32 unless said otherwise. */
export interface Options extends RouteOptions {
  readonly streams?: number
}

export interface WebHandler {
  readonly handler: (request: Request) => Promise<Response>
  /** Ends the open streams, then closes `services`. */
  readonly dispose: () => Promise<void>
}

/**
 * A handler over `services`: core's facades, its resolver and its storage. Nobody but `options.hosts`
 * stands between it and who can reach it, so give it a resolver that asks for credentials.
 */
export const make = <E>(options: Options, services: Layer.Layer<Services, E>): WebHandler =>
  HttpRouter.toWebHandler(
    routes(options).pipe(
      Layer.provide(OpenStreams.layer(options.streams)),
      Layer.provide(services),
      Layer.provide(HttpServer.layerServices)
    ),
    { disableLogger: true, routerConfig }
  )
