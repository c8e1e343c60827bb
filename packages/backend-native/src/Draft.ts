/** A step that has begun: what the model said, kept while its tools run or a person decides. */
import { assistantMessage, type Message, Part } from "@atrium/core/conversations/Message"
import { BackendError } from "@atrium/core/errors"
import { Usage } from "@atrium/core/turns/Usage"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * - `cut`: ids of calls that are not run, because the model did not finish them.
 * - `seen`: revisions of blocks, by their ids, that the model had seen when it made its calls. A person
 *   may decide a day later; an edit must not overwrite what was written meanwhile [MEM-3].
 */
export const Draft = Schema.Struct({
  version: Schema.Literal(1),
  messageId: Schema.String,
  parts: Schema.Array(Part),
  model: Schema.String,
  usage: Usage,
  finish: Schema.String,
  cut: Schema.Array(Schema.String),
  seen: Schema.Record(Schema.String, Schema.Int)
})
export type Draft = typeof Draft.Type

const read = Schema.decodeUnknownOption(Draft)
const write = Schema.encodeSync(Draft)

export const toJson = (draft: Draft): Schema.Json => write(draft)

/** The step to go on with. One that cannot be read fails: its calls may have run already [TRN-7]. */
export const fromJson = (json: Schema.Json): Effect.Effect<Draft, BackendError> =>
  Effect.mapError(Effect.fromOption(read(json)), () =>
    BackendError.because(
      { _tag: "Malformed", what: "A step that an earlier run began" },
      "A step that an earlier run began cannot be read. Send the message again as a new turn."
    )
  )

/** The step's message. */
export const messageOf = ({ messageId, parts }: Draft): Message =>
  assistantMessage(messageId, parts)
