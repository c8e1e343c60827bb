/** The remote server's routes, and its faults. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { setTimeout as sleep } from "node:timers/promises"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Ask, type Fault, Faults, type Line, maximumBytes, type Request } from "./protocol.ts"
import { type Making, type Refusal, State } from "./state.ts"

/** How many connections are served at once. */
const maximumConnections = 256

const parse = <A>(schema: Schema.Codec<A, unknown>) =>
  Schema.decodeUnknownOption(Schema.fromJsonString(schema))
const parseAsk = parse(Ask)
const parseFaults = parse(Faults)

const readBody = async (request: IncomingMessage): Promise<string> => {
  const parts: Array<Buffer> = []
  let size = 0
  for await (const part of request) {
    if (!Buffer.isBuffer(part)) continue
    size += part.length
    if (size <= maximumBytes) parts.push(part)
  }
  return size <= maximumBytes ? Buffer.concat(parts).toString("utf8") : ""
}

const send = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
}

const refusals: Readonly<Record<Refusal, number>> = {
  "unknown conversation": 404,
  busy: 409,
  cancelled: 410
}

/** A server that is not listening yet. */
export const makeServer = (making: Making): Server => {
  const state = new State(making)
  const faults: Array<{ readonly on: Request; readonly fault: Fault; times: number }> = []
  let open = 0
  let requests = 0

  const faultOf = (on: Request): Fault | undefined => {
    const found = faults.find((planned) => planned.on === on && planned.times > 0)
    if (found !== undefined) found.times -= 1
    return found?.fault
  }

  /** Faults that replace the answer; true when one did. */
  const failed = async (fault: Fault | undefined, response: ServerResponse): Promise<boolean> => {
    switch (fault?._tag) {
      case "Status":
        if (fault.retryAfterS !== undefined) response.setHeader("retry-after", fault.retryAfterS)
        send(response, fault.status, { error: "switched on" })
        return true
      case "Garbage":
        response.writeHead(200, { "content-type": "text/html" }).end("<html>not JSON</html>\n")
        return true
      case "Hang":
        return true
      case "Slow":
        await sleep(fault.requestMs)
        return false
      default:
        return false
    }
  }

  const stream = async (
    id: string,
    fault: Fault | undefined,
    response: ServerResponse
  ): Promise<void> => {
    response.writeHead(200, { "content-type": "application/x-ndjson" }).flushHeaders()
    const say = (line: Line) => response.write(`${JSON.stringify(line)}\n`)
    const last = fault !== undefined && "deltas" in fault ? fault.deltas : Number.MAX_SAFE_INTEGER
    let deltas = 0
    for await (const line of state.lines(id)) {
      if (response.destroyed) return
      if (deltas >= last) {
        if (fault?._tag === "Cut") response.destroy()
        if (fault?._tag === "Ends") response.end()
        if (fault?._tag === "Mangle") response.write('{"_tag":"Del\n')
        while (fault?._tag === "Pings" && !response.destroyed) {
          say({ _tag: "Ping" })
          await sleep(10)
        }
        return
      }
      if (fault?._tag === "Slow") await sleep(fault.deltaMs)
      if (fault?._tag === "Misquote" && line._tag === "Message") {
        say({ ...line, text: `${line.text}, or not` })
      } else say(line)
      if (line._tag === "Delta") deltas += 1
    }
    response.end()
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://localhost")
    const [kind, first = "", second, third] = url.pathname
      .slice(1)
      .split("/")
      .map(decodeURIComponent)
    const body = await readBody(request)
    const route = `${request.method} ${kind}${second === undefined ? "" : ` ${second}`}`
    if (route === "GET report") return send(response, 200, { open, requests, ...state.report() })
    if (route === "POST faults") {
      const planned = parseFaults(body)
      if (Option.isNone(planned)) return send(response, 400, { error: "Send a list of faults." })
      faults.push(...planned.value.map((fault) => ({ ...fault })))
      return send(response, 200, {})
    }
    requests += 1
    if (route === "PUT agents") {
      const fault = faultOf("provision")
      if (await failed(fault, response)) return
      const ref = state.provision(first)
      return fault?._tag === "Cut" ? void response.destroy() : send(response, 200, { ref })
    }
    if (route === "DELETE agents") {
      if (await failed(faultOf("delete"), response)) return
      state.delete(first)
      return send(response, 200, {})
    }
    if (route === "PUT agents conversations" && third !== undefined) {
      const fault = faultOf("open")
      if (await failed(fault, response)) return
      const ref = state.open(first, third)
      if (ref === undefined) return send(response, 404, { error: "There is no such agent." })
      return fault?._tag === "Cut" ? void response.destroy() : send(response, 200, { ref })
    }
    if (route === "POST conversations turns" && third !== undefined) {
      const fault = faultOf("turn")
      if (await failed(fault, response)) return
      const ask = parseAsk(body)
      if (Option.isNone(ask)) return send(response, 400, { error: "Send JSON with `text`." })
      const refused = state.ask(first, third, ask.value.text)
      if (refused !== undefined) return send(response, refusals[refused], { error: refused })
      return stream(third, fault, response)
    }
    if (route === "DELETE conversations turns") {
      if (await failed(faultOf("cancel"), response)) return
      state.cancelAll(first)
      return send(response, 200, {})
    }
    if (route === "GET turns") {
      const fault = faultOf("again")
      if (await failed(fault, response)) return
      if (!state.has(first)) return send(response, 404, { error: "There is no such turn." })
      const refused = state.again(first)
      if (refused !== undefined) return send(response, refusals[refused], { error: refused })
      return stream(first, fault, response)
    }
    if (route === "DELETE turns") {
      if (await failed(faultOf("cancel"), response)) return
      state.cancel(first)
      return send(response, 200, {})
    }
    return send(response, 404, { error: `Nothing answers ${request.method} ${url.pathname}.` })
  }

  const server = createServer((request, response) => {
    const counted = request.url !== "/report" && request.url !== "/faults"
    if (counted) open += 1
    response.once("close", () => {
      if (counted) open -= 1
    })
    answer(request, response).catch((cause: unknown) => {
      // A client that left while it was sending needs no answer; anything else must be seen.
      if (response.destroyed || request.destroyed) return
      if (response.headersSent) response.destroy()
      else send(response, 500, { error: `The remote server failed: ${String(cause)}` })
    })
  })
  server.maxConnections = maximumConnections
  return server
}
