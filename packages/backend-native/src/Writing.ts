/**
 * The message that a model is writing: takes the pieces of a stream, keeps what was said in its parts,
 * and tells the deltas of them. What it keeps of a part is what it told of it, joined [TRN-2].
 */
import type { Part } from "@atrium/core/conversations/Message"
import { cut } from "@atrium/core/memory/Words"
import type { NewDelta } from "@atrium/core/turns/TurnDelta"
import * as Usage from "@atrium/core/turns/Usage"
import type * as Response from "effect/ai/Response"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { CallIds } from "./CallIds.ts"
import { clean, cleanJson, isTooDeep } from "./Clean.ts"

interface Prose {
  readonly _tag: "Text" | "Reasoning"
  readonly key: string
  text: string
  /** A high surrogate whose other half may be in the next piece. */
  held: string
}

interface Call {
  readonly _tag: "ToolCall"
  /** What the provider calls it. */
  readonly key: string
  readonly callId: string
  readonly name: string
  told: number
  input: Option.Option<Schema.Json>
  ended: boolean
}

const asJson = Schema.decodeUnknownOption(Schema.Json)

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff

export class Writing {
  private readonly parts: Array<Prose | Call> = []
  private readonly messageId: string
  private readonly ids: CallIds
  finish: Response.FinishReason | undefined = undefined
  usage: Usage.Usage = Usage.none
  /** What the provider says it asked; `undefined` where it does not say. */
  model: string | undefined = undefined

  constructor(messageId: string, ids: CallIds) {
    this.messageId = messageId
    this.ids = ids
  }

  /** True when something was told of it, which a new try has to take back. */
  get begun(): boolean {
    return this.parts.length > 0
  }

  /** Takes a piece; answers the deltas to tell, in order. */
  take(piece: Response.AnyPart): ReadonlyArray<NewDelta> {
    switch (piece.type) {
      case "text-delta":
        return this.write("Text", piece.id, piece.delta)
      case "reasoning-delta":
        return this.write("Reasoning", piece.id, piece.delta)
      case "tool-params-start": {
        if (piece.providerExecuted) return []
        const told = this.settle()
        this.begin(piece.id, piece.name)
        return told
      }
      case "tool-params-delta": {
        const call = this.open(piece.id)
        return call === undefined ? [] : this.tellInput(call, piece.delta)
      }
      case "tool-call":
        return piece.providerExecuted ? [] : this.complete(piece.id, piece.name, piece.params)
      case "response-metadata":
        this.model = piece.modelId === undefined ? this.model : cut(clean(piece.modelId), 255)
        return []
      case "finish":
        this.finish = piece.reason
        this.usage = usageOf(piece.usage)
        return [
          ...this.settle(),
          ...this.parts.flatMap((part) =>
            part._tag === "ToolCall" && part.told === 0 ? this.tellInput(part, "{}") : []
          )
        ]
      default:
        return []
    }
  }

  /** The parts of the message. A call that was cut off is among them, with an empty input. */
  said(): ReadonlyArray<Part> {
    return this.parts.map((part): Part => {
      if (part._tag !== "ToolCall") return { _tag: part._tag, text: part.text }
      const { callId, input, name } = part
      return { _tag: "ToolCall", callId, name, input: Option.getOrElse(input, () => ({})) }
    })
  }

  /** Ids of the calls whose input never came whole. */
  cut(): ReadonlyArray<string> {
    return this.parts.flatMap((part) =>
      part._tag === "ToolCall" && Option.isNone(part.input) ? part.callId : []
    )
  }

  /**
   * Only the last part is written on: a reader who comes back with a cursor in it has read those
   * before. What comes later under the key of an earlier part begins another one.
   */
  private write(tag: Prose["_tag"], key: string, delta: string): ReadonlyArray<NewDelta> {
    const last = this.parts[this.parts.length - 1]
    if (last?._tag === tag && last.key === key) return this.goOn(last, last.held + delta)
    const told = this.settle()
    if (delta === "") return told
    const begun: Prose = { _tag: tag, key, text: "", held: "" }
    this.parts.push(begun)
    return [...told, ...this.goOn(begun, delta)]
  }

  private goOn(part: Prose, whole: string): ReadonlyArray<NewDelta> {
    const end = isHigh(whole.charCodeAt(whole.length - 1)) ? whole.length - 1 : whole.length
    part.held = whole.slice(end)
    return this.tellProse(part, clean(whole.slice(0, end)))
  }

  /** Ends the last part: half a character whose other half never came. */
  private settle(): ReadonlyArray<NewDelta> {
    const part = this.parts[this.parts.length - 1]
    if (part === undefined || part._tag === "ToolCall" || part.held === "") return []
    const text = clean(part.held)
    part.held = ""
    return this.tellProse(part, text)
  }

  /** Of the last part. */
  private tellProse(part: Prose, text: string): ReadonlyArray<NewDelta> {
    if (text === "") return []
    const offset = part.text.length
    part.text += text
    const _tag = part._tag === "Text" ? "TextDelta" : "ReasoningDelta"
    return [{ _tag, messageId: this.messageId, part: this.parts.length - 1, offset, text }]
  }

  private begin(key: string, name: string): Call {
    const callId = this.ids.take(key)
    const call: Call = {
      _tag: "ToolCall",
      key,
      callId,
      name: clean(name),
      told: 0,
      input: Option.none(),
      ended: false
    }
    this.parts.push(call)
    return call
  }

  private open(key: string): Call | undefined {
    return this.parts.find(
      (part): part is Call => part._tag === "ToolCall" && part.key === key && !part.ended
    )
  }

  private complete(key: string, name: string, params: unknown): ReadonlyArray<NewDelta> {
    const settled = this.settle()
    const call = this.open(key) ?? this.begin(key, name)
    call.ended = true
    const input = isTooDeep(params) ? Option.none() : Option.map(asJson(params), cleanJson)
    call.input = input
    return call.told === 0 && Option.isSome(input)
      ? [...settled, ...this.tellInput(call, JSON.stringify(input.value))]
      : settled
  }

  private tellInput(call: Call, raw: string): ReadonlyArray<NewDelta> {
    const text = clean(raw)
    if (text === "") return []
    const offset = call.told
    call.told += text.length
    const { callId, name } = call
    const part = this.parts.indexOf(call)
    return [{ _tag: "ToolInputDelta", messageId: this.messageId, part, offset, text, callId, name }]
  }
}

const count = (tokens: number | undefined): number =>
  tokens === undefined || !Number.isFinite(tokens) ? 0 : Math.max(0, Math.trunc(tokens))

const usageOf = ({ inputTokens, outputTokens }: Response.Usage): Usage.Usage => ({
  input: count(inputTokens.total),
  cached: count(inputTokens.cacheRead),
  output: count(outputTokens.total),
  reasoning: count(outputTokens.reasoning),
  microUsd: null
})
