import type * as Response from "effect/ai/Response"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { malformed } from "./failures.ts"
import { finishPart, metadataPart, type Reading, refusal, toolCallPart } from "./parts.ts"
import { Completion } from "./protocol.ts"

const read = Schema.decodeUnknownOption(Completion)

/** The parts of a whole answer. Throws an `AiError`. */
export const partsOfWhole = (reading: Reading, body: unknown): Array<Response.PartEncoded> => {
  const completion = Option.getOrUndefined(read(body))
  if (completion === undefined) throw malformed(reading, "sent what is no chat completion")
  const { finish_reason: finish, message } = completion.choices[0]
  const isRefused = message.refusal != null && message.refusal !== ""
  if (isRefused && reading.options.responseFormat.type === "json") throw refusal(reading)
  const text = (message.content ?? "") + (message.refusal ?? "")
  const calls = (message.tool_calls ?? []).map(({ function: called, id }, index) =>
    toolCallPart(reading, {
      id: id == null || id === "" ? `${reading.callPrefix}_${index}` : id,
      name: called.name,
      sent: called.arguments ?? ""
    })
  )
  return [
    metadataPart(reading, completion),
    ...(text === "" ? [] : [{ type: "text" as const, text }]),
    ...calls,
    finishPart(reading, {
      head: completion,
      finish,
      calls: calls.length > 0,
      refused: isRefused,
      usage: completion.usage
    })
  ]
}
