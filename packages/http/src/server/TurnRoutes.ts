/** What answers the routes of turns: as JSON, or as a stream of events. */
import type { TurnId } from "@atrium/core/ids"
import { Principal } from "@atrium/core/tenancy/Principal"
import * as Cursor from "@atrium/core/turns/Cursor"
import { Turns } from "@atrium/core/turns/Turns"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Api } from "../api/Api.ts"
import { problem, told } from "./Answers.ts"
import { eventResponse } from "./EventResponse.ts"
import { OpenStreams } from "./OpenStreams.ts"

/** Whether a caller asks for events rather than for JSON. */
const wantsEvents = (accept: string | undefined): boolean =>
  accept?.toLowerCase().includes("text/event-stream") ?? false

const why = "A cursor looks like 3 or 3.0.17: send back the id of the last event you read."
const noCursor = problem(400, { _tag: "Rejected", field: "after", why }, why)

/** How long a turn that waits is looked at for something to tell, in milliseconds. */
const lookMs = 500

const nothingMore = HttpServerResponse.empty({ status: 204 })

export const layer = HttpApiBuilder.group(
  Api,
  "turns",
  Effect.fnUntraced(function* (routes) {
    const turns = yield* Turns
    const { closing, hold } = yield* OpenStreams

    const eventsOf = Effect.fnUntraced(function* (id: TurnId, after?: string) {
      const caller = yield* Principal
      return Stream.provideService(turns.follow(id, after), Principal, caller)
    })

    return routes.handleAll({
      send: Effect.fnUntraced(function* ({ params, payload, request }) {
        const events = wantsEvents(request.headers["accept"])
        // Before the turn begins: a send that is refused leaves no trace.
        if (events) yield* hold
        const turn = yield* told(turns.send({ ...payload, conversation: params.id }))
        if (!events) return turn
        return eventResponse(yield* eventsOf(turn.id), closing, { "atrium-turn": turn.id })
      }),
      find: ({ params }) => told(turns.find(params.id)),
      follow: Effect.fnUntraced(function* ({ headers, params, query }) {
        const after = headers["last-event-id"] ?? query.after
        const { state } = yield* told(turns.find(params.id))
        // Refused before the answer has begun, as long as it can have a status.
        if (after !== undefined && Cursor.parse(after) === undefined) return yield* noCursor
        yield* hold
        const events = yield* eventsOf(params.id, after)
        if (state === "waiting") {
          // A decision that comes just now makes it run: then its events are streamed, not awaited.
          const first = yield* told(Effect.timeoutOption(Stream.runHead(events), lookMs))
          const quiet = Option.isSome(first) && Option.isNone(first.value)
          return quiet ? nothingMore : eventResponse(events, closing)
        }
        if (state !== "finished" && state !== "failed") return eventResponse(events, closing)
        const rest = yield* told(Stream.runCollect(events))
        return rest.length === 0 ? nothingMore : eventResponse(Stream.fromIterable(rest), closing)
      }),
      cancel: ({ params }) => told(turns.cancel(params.id)),
      decide: ({ params, payload }) =>
        told(turns.decide(params.id, payload.callId, payload.approved))
    })
  })
)
