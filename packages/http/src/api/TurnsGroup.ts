/** Routes of turns. */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Authorization } from "./Authorization.ts"
import { ConversationId, SendBody, Turn, TurnId } from "./Shapes.ts"
import { EventStream } from "./TurnEvents.ts"

const params = { id: TurnId }

export const TurnsGroup = HttpApiGroup.make("turns")
  .add(
    HttpApiEndpoint.post("send", "/v1/conversations/:id/turns", {
      params: { id: ConversationId },
      payload: SendBody,
      success: Turn.pipe(HttpApiSchema.status(202))
    })
      .annotate(OpenApi.Summary, "Begins a turn")
      .annotate(
        OpenApi.Description,
        "Answers 202 with the turn once it is stored; it runs whether or not the caller stays. With " +
          "`Accept: text/event-stream` it answers 200 with the turn's events instead, as the route " +
          "`/v1/turns/{id}/events` does, and the header `Atrium-Turn` names the turn."
      ),
    HttpApiEndpoint.get("find", "/v1/turns/:id", { params, success: Turn }),
    HttpApiEndpoint.get("follow", "/v1/turns/:id/events", {
      params,
      headers: { "last-event-id": Schema.optionalKey(Schema.String) },
      query: { after: Schema.optionalKey(Schema.String) },
      success: [EventStream, HttpApiSchema.NoContent]
    })
      .annotate(OpenApi.Summary, "The events of a turn, to its end or until it waits for a person")
      .annotate(
        OpenApi.Description,
        "`Last-Event-ID`, or else `after`, is the id of the last event read; nothing is told twice. " +
          "A turn that has ended, or waits for a person, and has nothing more to tell answers 204."
      ),
    HttpApiEndpoint.post("cancel", "/v1/turns/:id/cancel", { params }).annotate(
      OpenApi.Summary,
      "Ends a turn now and keeps its partial text"
    ),
    HttpApiEndpoint.post("decide", "/v1/turns/:id/decisions", {
      params,
      payload: Schema.Struct({ callId: Schema.String, approved: Schema.Boolean })
    })
      .annotate(OpenApi.Summary, "Approves or denies a tool call that the turn waits with")
      .annotate(
        OpenApi.Description,
        "The event ApprovalRequested names the call. After the last decision the turn runs on; its " +
          "events are read from `/v1/turns/{id}/events` as before."
      )
  )
  .middleware(Authorization)
