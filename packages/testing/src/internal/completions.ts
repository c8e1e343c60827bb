import * as Schema from "effect/Schema"
import type { Says } from "./script.ts"

/** The model that the fake server lists. It answers under whatever name it is asked for. */
const MODEL = "fake-model"

/** Into how many pieces a streamed reply is cut. */
const PIECES = 8

/** A fixed moment: two runs of the same requests get the same bytes. */
const CREATED = 1_760_000_000

const Part = Schema.Struct({ type: Schema.String, text: Schema.optionalKey(Schema.String) })

/** What the fake server reads of a request; everything else is accepted and ignored. */
export const ChatRequest = Schema.Struct({
  model: Schema.String,
  messages: Schema.NonEmptyArray(
    Schema.Struct({
      role: Schema.String,
      content: Schema.optionalKey(Schema.NullOr(Schema.Union([Schema.String, Schema.Array(Part)])))
    })
  ),
  stream: Schema.optionalKey(Schema.NullOr(Schema.Boolean)),
  stream_options: Schema.optionalKey(
    Schema.NullOr(Schema.Struct({ include_usage: Schema.optionalKey(Schema.Boolean) }))
  )
})

/** A decoded chat completion request. */
export type ChatRequest = typeof ChatRequest.Type

type Message = ChatRequest["messages"][number]

/** What is answered, without how. */
export type Saying = Omit<Says, "_tag" | "beforeMs" | "betweenMs">

const textOf = ({ content }: Message): string =>
  typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join("")

/** The deterministic reply: what the user said last, with a mark that it was read. */
export const replyTo = (request: ChatRequest): Saying => {
  const said = request.messages.findLast((message) => message.role === "user")
  return { text: `ok: ${said === undefined ? "" : textOf(said)}` }
}

// Four characters a token: near enough for figures that only have to be plausible and stable.
const tokens = (text: string): number => Math.max(1, Math.ceil(text.length / 4))

const usageOf = (request: ChatRequest, saying: Saying) => {
  const told = saying.usage
  const prompt =
    told?.input ?? request.messages.reduce((sum, message) => sum + tokens(textOf(message)), 0)
  const completion = told?.output ?? tokens(saying.text ?? "")
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    ...(told?.cached === undefined
      ? {}
      : { prompt_tokens_details: { cached_tokens: told.cached } }),
    ...(told?.reasoning === undefined
      ? {}
      : { completion_tokens_details: { reasoning_tokens: told.reasoning } })
  }
}

const finishOf = ({ calls, finish }: Saying): string =>
  finish ?? (calls === undefined || calls.length === 0 ? "stop" : "tool_calls")

const callsOf = ({ calls }: Saying, number: number) =>
  (calls ?? []).map(({ arguments: sent, id, name }, index) => ({
    id: id ?? `call_${number}_${index}`,
    type: "function",
    function: { name, arguments: sent }
  }))

/** The body of a completion that is not streamed. `number` counts the server's completions. */
export const completion = (
  request: ChatRequest,
  number: number,
  saying: Saying = replyTo(request)
) => {
  const calls = callsOf(saying, number)
  return {
    id: `chatcmpl-${number}`,
    object: "chat.completion",
    created: CREATED,
    model: request.model,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: saying.text ?? null,
          refusal: saying.refusal ?? null,
          ...(calls.length === 0 ? {} : { tool_calls: calls })
        },
        logprobs: null,
        finish_reason: finishOf(saying)
      }
    ],
    ...(saying.usage === null ? {} : { usage: usageOf(request, saying) })
  }
}

/** Cuts at code points, so that no piece ends in half a surrogate pair. */
const pieces = (text: string, most = PIECES): ReadonlyArray<string> => {
  const points = Array.from(text)
  const count = Math.min(most, points.length)
  const cut = (index: number) => Math.floor((index * points.length) / count)
  return Array.from({ length: count }, (_, index) =>
    points.slice(cut(index), cut(index + 1)).join("")
  )
}

/** The deltas of calls: each one's name first, then the pieces of all of them in turn. */
const callDeltas = (saying: Saying, number: number): ReadonlyArray<object> => {
  const calls = callsOf(saying, number)
  const begun = calls.map((call, index) => ({
    tool_calls: [{ ...call, index, function: { name: call.function.name, arguments: "" } }]
  }))
  const sent = calls.map((call) => pieces(call.function.arguments, saying.pieces))
  const rounds = Math.max(0, ...sent.map((one) => one.length))
  const rest = Array.from({ length: rounds }, (_, round) =>
    sent.flatMap((one, index) => {
      const piece = one[round]
      return piece === undefined ? [] : { tool_calls: [{ index, function: { arguments: piece } }] }
    })
  )
  return [...begun, ...rest.flat()]
}

/** The chunks of a streamed completion, in order, without the closing `[DONE]`. */
export const chunks = (
  request: ChatRequest,
  number: number,
  saying: Saying = replyTo(request)
): ReadonlyArray<object> => {
  const withUsage = request.stream_options?.include_usage === true && saying.usage !== null
  const head = {
    id: `chatcmpl-${number}`,
    object: "chat.completion.chunk",
    created: CREATED,
    model: request.model
  }
  // As the real protocol does: asked for usage, every other chunk carries `usage: null`.
  const noUsage = withUsage ? { usage: null } : {}
  const chunk = (delta: object, finish_reason: string | null) => ({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    ...noUsage
  })
  return [
    chunk({ role: "assistant", content: "" }, null),
    ...pieces(saying.text ?? "", saying.pieces).map((content) => chunk({ content }, null)),
    ...(saying.refusal === undefined
      ? []
      : pieces(saying.refusal, saying.pieces).map((refusal) => chunk({ refusal }, null))),
    ...(saying.calls === undefined
      ? []
      : callDeltas(saying, number).map((delta) => chunk(delta, null))),
    chunk({}, finishOf(saying)),
    ...(withUsage ? [{ ...head, choices: [], usage: usageOf(request, saying) }] : [])
  ]
}

/** The list of models. */
export const models = () => ({
  object: "list",
  data: [{ id: MODEL, object: "model", created: CREATED, owned_by: "atrium" }]
})

/** An error in the protocol's shape. */
export const failure = (
  message: string,
  more: {
    readonly type?: string | undefined
    readonly param?: string | undefined
    readonly code?: string | undefined
  } = {}
) => ({
  error: {
    message,
    type: more.type ?? "invalid_request_error",
    param: more.param ?? null,
    code: more.code ?? null
  }
})
