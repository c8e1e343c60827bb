/** Node's HTTP server as we listen with it, and how its connections end. */
import { createServer, type RequestListener, type Server } from "node:http"
import type { Socket } from "node:net"
import * as Effect from "effect/Effect"

/** Longest time a request's headers and body may take to arrive, in milliseconds. */
const arrivalMs = 30_000
/** How often a closing server looks for connections that nobody needs, in milliseconds. */
const sweepMs = 20

export interface NodeListener {
  readonly server: Server
  /**
   * From now on closes every connection without a request, those that never had one included: Node
   * would wait for them until their client lets go. After `patienceMs` it closes all.
   */
  readonly release: (patienceMs: number) => Effect.Effect<void>
}

/** `silentMs`: longest time of a connection until its first byte. Node has no end for those. */
export const make = (silentMs = arrivalMs): NodeListener => {
  const server = createServer({
    // Two credentials are joined and so refused, rather than one of them believed.
    joinDuplicateHeaders: true,
    requestTimeout: arrivalMs,
    headersTimeout: arrivalMs
  })
  /** Open connections, and the requests that each is busy with. */
  const requests = new Map<Socket, number>()
  const count = (socket: Socket, by: number): void => {
    const now = requests.get(socket)
    if (now !== undefined) requests.set(socket, now + by)
  }
  server.on("connection", (socket) => {
    requests.set(socket, 0)
    const silent = setTimeout(() => {
      if (socket.bytesRead === 0) socket.destroy()
    }, silentMs)
    socket.once("close", () => {
      clearTimeout(silent)
      requests.delete(socket)
    })
  })
  /** Requests that came while nobody answers yet. */
  const early: Array<Parameters<RequestListener>> = []
  const asked: RequestListener = (request, response) => {
    count(request.socket, 1)
    response.once("close", () => count(request.socket, -1))
    if (server.listenerCount("request") === 1) early.push([request, response])
  }
  server.on("request", asked)
  // Effect's server answers those who ask before they send a body: they are no other requests.
  server.on("checkContinue", (request, response) => {
    if (server.listenerCount("checkContinue") === 1) response.writeContinue()
    asked(request, response)
  })
  // A server listens before its routes are built, and Node drops what nobody listens for: who came in
  // between, as readers of a server that was restarted do, would wait for ever.
  server.on("newListener", (name, answer: RequestListener) => {
    if (name === "request") for (const asked of early.splice(0)) answer(...asked)
  })
  const sweep = (): void => {
    for (const [socket, busy] of requests) if (busy === 0) socket.destroySoon()
  }
  return {
    server,
    release: (patienceMs) =>
      Effect.sync(() => {
        const sweeping = setInterval(sweep, sweepMs)
        const giveUp = setTimeout(() => server.closeAllConnections(), patienceMs)
        server.once("close", () => {
          clearInterval(sweeping)
          clearTimeout(giveUp)
        })
      })
  }
}
