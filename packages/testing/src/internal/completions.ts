import * as Schema from "effect/Schema"

/** The model that the fake server lists. It answers under whatever name it is asked for. */
export const MODEL = "fake-model"

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

const textOf = ({ content }: Message): string =>
  typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join("")

/** The deterministic reply: what the user said last, with a mark that it was read. */
export const replyTo = (request: ChatRequest): string => {
  const said = request.messages.findLast((message) => message.role === "user")
  return `ok: ${said === undefined ? "" : textOf(said)}`
}

// Four characters a token: near enough for figures that only have to be plausible and stable.
const tokens = (text: string): number => Math.max(1, Math.ceil(text.length / 4))

const usageOf = (request: ChatRequest, reply: string) => {
  const prompt = request.messages.reduce((sum, message) => sum + tokens(textOf(message)), 0)
  const completion = tokens(reply)
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion
  }
}

/** The body of a completion that is not streamed. `number` counts the server's completions. */
export const completion = (request: ChatRequest, number: number) => {
  const reply = replyTo(request)
  return {
    id: `chatcmpl-${number}`,
    object: "chat.completion",
    created: CREATED,
    model: request.model,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: reply, refusal: null },
        logprobs: null,
        finish_reason: "stop"
      }
    ],
    usage: usageOf(request, reply)
  }
}

/** Cuts at code points, so that no piece ends in half a surrogate pair. */
const pieces = (text: string): ReadonlyArray<string> => {
  const points = Array.from(text)
  const count = Math.min(PIECES, points.length)
  const cut = (index: number) => Math.floor((index * points.length) / count)
  return Array.from({ length: count }, (_, index) =>
    points.slice(cut(index), cut(index + 1)).join("")
  )
}

/** The chunks of a streamed completion, in order, without the closing `[DONE]`. */
export const chunks = (request: ChatRequest, number: number) => {
  const reply = replyTo(request)
  const withUsage = request.stream_options?.include_usage === true
  const head = {
    id: `chatcmpl-${number}`,
    object: "chat.completion.chunk",
    created: CREATED,
    model: request.model
  }
  // As the real protocol does: asked for usage, every other chunk carries `usage: null`.
  const noUsage = withUsage ? { usage: null } : {}
  const chunk = (delta: object, finish_reason: "stop" | null) => ({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    ...noUsage
  })
  return [
    chunk({ role: "assistant", content: "" }, null),
    ...pieces(reply).map((content) => chunk({ content }, null)),
    chunk({}, "stop"),
    ...(withUsage ? [{ ...head, choices: [], usage: usageOf(request, reply) }] : [])
  ]
}

/** The list of models. */
export const models = () => ({
  object: "list",
  data: [{ id: MODEL, object: "model", created: CREATED, owned_by: "atrium" }]
})

/** An error in the protocol's shape. */
export const failure = (message: string, type = "invalid_request_error") => ({
  error: { message, type, param: null, code: null }
})
