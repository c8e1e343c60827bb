import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { setTimeout as sleep } from "node:timers/promises"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ChatRequest, chunks, completion, failure, models } from "./completions.ts"
import { perform } from "./performance.ts"
import { Plan, type Script } from "./script.ts"

/** Bodies beyond this answer 413: a fake must not be the way to fill a machine's memory. */
const MAX_BODY_BYTES = 4 * 1024 * 1024

/** How many requests are remembered; older ones are forgotten, the count goes on. */
const MAX_RECORDED = 1_000

/** How many connections are served at once. */
const MAX_CONNECTIONS = 1_024

/** One request as it arrived. */
export interface RecordedRequest {
  readonly method: string
  readonly path: string
  /** Names in small letters; values of one name joined with commas. */
  readonly headers: Readonly<Record<string, string>>
  /** The parsed body; `undefined` where there was none. */
  readonly body: unknown
  /** Whether the connection closed before the end of the answer: the client left, or a script cut it. */
  readonly left: boolean
}

/** What a server did so far, and what it is to do. */
export interface Log {
  /** The latest requests, oldest first, at most 1,000. */
  readonly requests: Array<RecordedRequest>
  /** All requests ever received. */
  count: number
  /** All completions ever begun. */
  completions: number
  /** What was planned and has not been used up, oldest first. */
  plans: Array<Plan>
}

const readBody = async (request: IncomingMessage): Promise<Option.Option<string>> => {
  const parts: Array<Buffer> = []
  let size = 0
  for await (const part of request) {
    if (!Buffer.isBuffer(part)) continue
    size += part.length
    // Reads on without keeping: leaving early would cut the connection before the answer.
    if (size <= MAX_BODY_BYTES) parts.push(part)
  }
  return size <= MAX_BODY_BYTES ? Option.some(Buffer.concat(parts).toString("utf8")) : Option.none()
}

const parseJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))
const parseChat = Schema.decodeUnknownOption(ChatRequest)
const parsePlans = Schema.decodeUnknownOption(Schema.Array(Plan))

const sendJson = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
}

const sendStream = (response: ServerResponse, chat: ChatRequest, number: number): void => {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" })
  // One write a chunk, so that a client meets the boundaries it would meet on a network.
  for (const chunk of chunks(chat, number)) response.write(`data: ${JSON.stringify(chunk)}\n\n`)
  response.end("data: [DONE]\n\n")
}

/** Takes the oldest plan that holds for this model; `undefined` where none does. */
const takePlanned = (log: Log, model: string): Script | undefined => {
  const plan = log.plans.find((one) => one.model === undefined || one.model === model)
  if (plan === undefined) return undefined
  const left = (plan.times ?? 1) - 1
  log.plans = log.plans.flatMap((one) =>
    one !== plan ? one : left > 0 ? { ...plan, times: left } : []
  )
  return plan.script
}

/** Read when they are looked at: a bench never does. */
const headersOf = (raw: ReadonlyArray<string>): Record<string, string> => {
  const headers: Record<string, string> = {}
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = "", value = ""] = [raw[at]?.toLowerCase(), raw[at + 1]]
    const before = headers[name]
    headers[name] = before === undefined ? value : `${before}, ${value}`
  }
  return headers
}

/** Keeps neither request nor response: a thousand of those are work for the collector. */
class Recorded implements RecordedRequest {
  readonly method: string
  readonly path: string
  readonly body: unknown
  left = false
  readonly #raw: ReadonlyArray<string>

  constructor(request: IncomingMessage, path: string, body: unknown) {
    this.method = request.method ?? "GET"
    this.path = path
    this.body = body
    this.#raw = request.rawHeaders
  }

  get headers(): Readonly<Record<string, string>> {
    return headersOf(this.#raw)
  }

  toJSON(): RecordedRequest {
    const { body, headers, left, method, path } = this
    return { method, path, headers, body, left }
  }
}

const watchLeaving = (recorded: Recorded, response: ServerResponse): void => {
  response.once("close", () => {
    recorded.left = !response.writableFinished
  })
}

/** Answers one request. */
const answer = async (
  log: Log,
  latencyMs: number,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> => {
  const method = request.method ?? "GET"
  const path = new URL(request.url ?? "/", "http://localhost").pathname
  const text = await readBody(request)
  const body = Option.flatMap(text, parseJson)

  // How a test in another process plans and looks on; not part of the protocol, and not recorded.
  if (method === "GET" && path === "/requests") {
    return sendJson(response, 200, { count: log.count, requests: log.requests })
  }
  if (method === "POST" && path === "/plans") {
    const plans = Option.flatMap(body, parsePlans)
    if (Option.isNone(plans)) return sendJson(response, 400, failure("Send an array of plans."))
    log.plans.push(...plans.value)
    return sendJson(response, 200, { planned: log.plans.length })
  }

  log.count += 1
  const recorded = new Recorded(request, path, Option.getOrUndefined(body))
  watchLeaving(recorded, response)
  log.requests.push(recorded)
  if (log.requests.length > MAX_RECORDED) log.requests.shift()
  if (Option.isNone(text)) {
    return sendJson(response, 413, failure(`A body may have ${MAX_BODY_BYTES} bytes.`))
  }
  if (method === "GET" && path === "/v1/models") return sendJson(response, 200, models())
  if (method !== "POST" || path !== "/v1/chat/completions") {
    return sendJson(response, 404, failure(`Nothing answers ${method} ${path}.`))
  }
  const chat = Option.flatMap(body, parseChat)
  if (Option.isNone(chat)) {
    return sendJson(response, 400, failure("Send JSON with `model` and at least one message."))
  }
  log.completions += 1
  const number = log.completions
  if (latencyMs > 0) await sleep(latencyMs)
  // The client may have left meanwhile.
  if (response.destroyed) return
  const script = log.plans.length === 0 ? undefined : takePlanned(log, chat.value.model)
  if (script !== undefined) return perform(script, chat.value, number, response)
  if (chat.value.stream === true) return sendStream(response, chat.value, number)
  return sendJson(response, 200, completion(chat.value, number))
}

/** An HTTP server that is not listening yet. */
export const makeServer = (log: Log, latencyMs: number): Server => {
  const server = createServer((request, response) => {
    answer(log, latencyMs, request, response).catch((cause: unknown) => {
      // A client that left while it was sending needs no answer; anything else must be seen.
      if (response.destroyed || request.destroyed) return
      if (response.headersSent) response.destroy()
      else {
        const message = `The fake model failed: ${String(cause)}`
        sendJson(response, 500, failure(message, { type: "server_error" }))
      }
    })
  })
  server.maxConnections = MAX_CONNECTIONS
  return server
}
