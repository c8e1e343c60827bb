/** What answers `POST /chat`: the turn of a user, asked for by a server that may act as one. */
import { Conversations } from "@atrium/core/conversations/Conversations"
import { TurnError } from "@atrium/core/errors"
import { Principal } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { answerOf } from "@atrium/core/turns/Answer"
import { isFact } from "@atrium/core/turns/TurnEvent"
import { Turns } from "@atrium/core/turns/Turns"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Stream from "effect/Stream"
import { Api } from "../api/Api.ts"
import { told } from "./Answers.ts"

/** Reasons that say something of the request where it is refused, and of our side where a run fails. */
const ambiguous: ReadonlySet<string> = new Set([
  "Rejected",
  "Forbidden",
  "NotFound",
  "Gone",
  "Conflict"
])

/** A turn that failed: what a vendor did not find or did not take is no fault of the request's [075]. */
const ofRun = (error: TurnError): TurnError =>
  ambiguous.has(error.reason._tag)
    ? TurnError.because({ _tag: "Malformed", what: "What the model was asked" }, error.message)
    : error

/** `template`: whose agent replies; absent, the route is not offered. */
export const layer = (template: string | undefined) =>
  HttpApiBuilder.group(
    Api,
    "chat",
    Effect.fnUntraced(function* (routes) {
      const resolver = yield* TenantResolver
      const conversations = yield* Conversations
      const turns = yield* Turns
      return routes.handle("chat", ({ payload }) =>
        told(
          Effect.gen(function* () {
            const caller = yield* resolver.actAs(payload.user_id)
            if (template === undefined) {
              return yield* TurnError.because({ _tag: "Unsupported", capability: "chat" })
            }
            const { id } = yield* conversations
              .resolve(template)
              .pipe(Effect.provideService(Principal, caller))
            const turn = yield* turns
              .send({
                conversation: id,
                text: payload.message,
                ...(payload.id === undefined ? {} : { id: payload.id })
              })
              .pipe(Effect.provideService(Principal, caller))
            const events = yield* Stream.runCollect(turns.follow(turn.id)).pipe(
              Effect.provideService(Principal, caller)
            )
            const { text } = yield* Effect.mapError(answerOf(events.filter(isFact)), ofRun)
            return { user_id: payload.user_id, reply: text }
          })
        )
      )
    })
  )
