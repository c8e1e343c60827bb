/** The API for programs and browsers: every route as a typed call, and turns as streams. */
import type { TurnId } from "@atrium/core/ids"
import type { Send } from "@atrium/core/turns/Turn"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Api } from "../api/Api.ts"
import type { ReadEvent } from "../api/TurnEvents.ts"
import { type BackOff, type FollowError, followTurn } from "./Follow.ts"

/**
 * - `url`: where the server is, such as `https://api.example.com`; in a browser absent for the page's
 *   own.
 * - `credential`: a key or token; as an effect it is asked for at every request, so that a token can
 *   be made anew before it expires.
 * - `backOff`: how `follow` comes back.
 */
export interface Options {
  readonly url?: string
  readonly credential?: Redacted.Redacted | Effect.Effect<Redacted.Redacted>
  readonly backOff?: BackOff
}

type All = HttpApiClient.ForApi<typeof Api>

/** Every route, by group and name; but a turn's events, which `follow` reads. */
export type Routes = Omit<All, "turns"> & { readonly turns: Omit<All["turns"], "follow"> }

export interface Client extends Routes {
  /**
   * The events of a turn after a cursor (`Cursor.after` of the last one read), each once, to its
   * end, or until it waits for a person: then follow again after `turns.decide`, from the last
   * cursor. Lost connections are opened anew; leaving the stream does not cancel the turn.
   */
  readonly follow: (id: TurnId, after?: string) => Stream.Stream<ReadEvent, FollowError>
  /** Sends and follows from the beginning. Give `id`: a send that is repeated is then one turn. */
  readonly stream: (input: Send) => Stream.Stream<ReadEvent, FollowError | Schema.SchemaError>
}

export class AtriumClient extends Context.Service<AtriumClient, Client>()(
  "@atrium/http/client/AtriumClient"
) {
  /** A client over whatever sends requests. */
  static readonly make = Effect.fnUntraced(function* ({ backOff, credential, url = "" }: Options) {
    const asked = Effect.isEffect(credential)
      ? credential
      : credential === undefined
        ? undefined
        : Effect.succeed(credential)
    const authorized = (client: HttpClient.HttpClient) =>
      client.pipe(
        HttpClient.mapRequest(HttpClientRequest.prependUrl(url)),
        asked === undefined
          ? (same) => same
          : HttpClient.mapRequestEffect((request) =>
              Effect.map(asked, (secret) => HttpClientRequest.bearerToken(request, secret))
            )
      )
    const routes = yield* HttpApiClient.make(Api, { transformClient: authorized })
    const follow = followTurn(authorized(yield* HttpClient.HttpClient), backOff)
    const { cancel, decide, find, send } = routes.turns
    return AtriumClient.of({
      ...routes,
      turns: { cancel, decide, find, send },
      follow,
      stream: ({ conversation, ...payload }) =>
        Stream.unwrap(
          Effect.map(send({ params: { id: conversation }, payload }), ({ id }) => follow(id))
        )
    })
  })

  /** A client over `fetch`, in browsers and Node alike. */
  static readonly layer = (options: Options): Layer.Layer<AtriumClient> =>
    Layer.effect(AtriumClient, AtriumClient.make(options)).pipe(
      Layer.provide(FetchHttpClient.layer)
    )
}
