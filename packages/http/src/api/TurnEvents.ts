/**
 * The events of a turn as they travel: one event of a `text/event-stream` for each, whose `data` is
 * the fact or delta in JSON and whose `id` is the cursor of a reader who has just read it.
 */
import { TurnDelta } from "@atrium/core/turns/TurnDelta"
import type { TurnEvent } from "@atrium/core/turns/TurnEvent"
import { TurnFact } from "@atrium/core/turns/TurnFact"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** An event that this version does not know: a newer server told it. `name`: its tag. */
export interface UnknownEvent {
  readonly _tag: "Unknown"
  readonly name: string
  readonly event: Schema.Json
}

/** What a client reads of a turn. */
export type ReadEvent = TurnEvent | UnknownEvent

const WireEvent = Schema.Union([TurnFact, TurnDelta])
const readEvent = Schema.decodeUnknownOption(WireEvent)

/** The wire form of a known event is the event itself: it holds nothing but JSON. */
export const encodeEvent = (event: TurnEvent): string => JSON.stringify(event)

/**
 * An event from its `data`; `undefined` when that is not JSON. What has an unknown tag, or not the
 * shape of its tag, is `Unknown`, but a `TurnFailed` ends its turn whatever its reason: a reason that
 * is not known here is told as `Malformed`.
 */
export const decodeEvent = (data: string): ReadEvent | undefined => {
  const json = parse(data)
  if (json === undefined) return undefined
  const known = readEvent(json)
  if (Option.isSome(known)) return known.value
  const name = tagOf(json)
  if (name === "TurnFailed" && isObject(json)) {
    const what = `The reason "${tagOf(json["reason"])}", which this client does not know,`
    const failed = readEvent({ ...json, reason: { _tag: "Malformed", what } })
    if (Option.isSome(failed)) return failed.value
  }
  return { _tag: "Unknown", name, event: json }
}

const isObject = (json: Schema.Json | undefined): json is Schema.JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json)

const tagOf = (json: Schema.Json | undefined): string => {
  const tag = isObject(json) ? json["_tag"] : undefined
  return typeof tag === "string" ? tag : ""
}

const readJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Json))

const parse = (data: string): Schema.Json | undefined => Option.getOrUndefined(readJson(data))

/** The stream of a turn's events, for the API's definition. */
export const EventStream = HttpApiSchema.StreamSse({ data: WireEvent })

/** Name of the event that tells why a stream ends before its turn; its `data` is a problem. */
export const problemEvent = "problem"
