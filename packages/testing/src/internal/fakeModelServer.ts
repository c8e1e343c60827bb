import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { setTimeout as sleep } from "node:timers/promises"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ChatRequest, chunks, completion, failure, models } from "./completions.ts"

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
  /** The parsed body; `undefined` where there was none. */
  readonly body: unknown
}

/** What a server did so far. */
export interface Log {
  /** The latest requests, oldest first, at most 1,000. */
  readonly requests: Array<RecordedRequest>
  /** All requests ever received. */
  count: number
  /** All completions ever begun. */
  completions: number
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

const sendJson = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
}

const sendStream = (response: ServerResponse, chat: ChatRequest, number: number): void => {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" })
  // One write a chunk, so that a client meets the boundaries it would meet on a network.
  for (const chunk of chunks(chat, number)) response.write(`data: ${JSON.stringify(chunk)}\n\n`)
  response.end("data: [DONE]\n\n")
}

/** Answers one request. Faults will be decided here, between reading and sending. */
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
  log.count += 1
  log.requests.push({ method, path, body: Option.getOrUndefined(body) })
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
      else
        sendJson(response, 500, failure(`The fake model failed: ${String(cause)}`, "server_error"))
    })
  })
  server.maxConnections = MAX_CONNECTIONS
  return server
}
