import type * as Response from "effect/ai/Response"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { malformed } from "./failures.ts"
import { finishPart, metadataPart, type Reading, refusal, toolCallPart } from "./parts.ts"
import { Chunk, type ToolCallDelta, type Usage } from "./protocol.ts"
import type { Assembly } from "./readAhead.ts"

type Part = Response.StreamPartEncoded

const read = Schema.decodeUnknownOption(Chunk)

/** A call while its pieces arrive. */
interface OpenCall {
  readonly id: string
  readonly index: number | null | undefined
  /** The server's own id; `undefined` where it gave none. */
  readonly given: string | undefined
  name: string
  sent: string
}

const TEXT_ID = "text"

/** Adds a piece to `out`: to the last part there, where it is of the same text and waits to be taken. */
const tell = (
  type: "text-delta" | "tool-params-delta",
  id: string,
  delta: string,
  out: Array<Part>
): void => {
  const last = out.at(-1)
  if (last?.type === type && last.id === id) {
    out[out.length - 1] = { type, id, delta: last.delta + delta }
  } else out.push({ type, id, delta })
}

/** Puts one streamed answer together. It ends too early where the server did not say that it had finished. */
export const assemble = (reading: Reading): Assembly<Part> => {
  const calls: Array<OpenCall> = []
  let head: Chunk | undefined
  let hasText = false
  let isRefused = false
  let finish: string | undefined
  let usage: Usage | null | undefined

  const callOf = ({ function: called, id, index }: ToolCallDelta, out: Array<Part>): OpenCall => {
    const given = id == null || id === "" ? undefined : id
    const before =
      index == null
        ? given === undefined
          ? calls.at(-1)
          : calls.find((call) => call.given === given)
        : calls.findLast((call) => call.index === index)
    // A new id with a name begins a new call, also where the server gives all of them one index.
    const isOther = given !== undefined && before?.given !== given && (called?.name ?? "") !== ""
    if (before !== undefined && !isOther) return before
    const call: OpenCall = {
      id: given ?? `${reading.callPrefix}_${calls.length}`,
      index,
      given,
      name: called?.name ?? "",
      sent: ""
    }
    calls.push(call)
    out.push({ type: "tool-params-start", id: call.id, name: call.name })
    return call
  }

  const say = (text: string | null | undefined, out: Array<Part>): void => {
    if (text == null || text === "") return
    if (!hasText) out.push({ type: "text-start", id: TEXT_ID })
    hasText = true
    tell("text-delta", TEXT_ID, text, out)
  }

  return {
    add: (received, out) => {
      const chunk = Option.getOrUndefined(read(received))
      if (chunk === undefined) throw malformed(reading, "sent a chunk that is none")
      if (head === undefined) out.push(metadataPart(reading, chunk))
      head ??= chunk
      usage = chunk.usage ?? usage
      const [choice] = chunk.choices
      if (choice === undefined) return
      say(choice.delta?.content, out)
      if (choice.delta?.refusal != null && choice.delta.refusal !== "") {
        isRefused = true
        if (reading.options.responseFormat.type === "json") throw refusal(reading)
        say(choice.delta.refusal, out)
      }
      for (const delta of choice.delta?.tool_calls ?? []) {
        const call = callOf(delta, out)
        const piece = delta.function?.arguments
        if (piece == null || piece === "") continue
        call.sent += piece
        tell("tool-params-delta", call.id, piece, out)
      }
      finish = choice.finish_reason ?? finish
    },
    isFinished: () => finish !== undefined,
    end: (out) => {
      if (head === undefined) throw malformed(reading, "sent a stream without chunks")
      if (finish === undefined) throw malformed(reading, "ended its answer before it had finished")
      if (hasText) out.push({ type: "text-end", id: TEXT_ID })
      for (const call of calls) {
        out.push({ type: "tool-params-end", id: call.id }, toolCallPart(reading, call))
      }
      const isCalling = calls.length > 0
      out.push(finishPart(reading, { head, finish, calls: isCalling, refused: isRefused, usage }))
    }
  }
}
