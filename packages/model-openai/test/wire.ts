/** A server that writes bytes as they are, right or wrong. */
import { once } from "node:events"
import { createServer, type Server, type Socket } from "node:net"
import * as Effect from "effect/Effect"
import * as OpenAi from "../src/OpenAi.ts"

/** One chunk of a streamed answer, as an event. */
export const delta = (content: string, finish: string | null = null): string =>
  `data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason: finish }] })}\n\n`

/** The events of a whole answer. */
export const answer = `${delta("ok")}${delta("", "stop")}data: [DONE]\n\n`

/** The head of a streamed answer in chunks. */
export const head =
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"

/** A piece of a body in chunks. */
export const chunk = (text: string): string =>
  `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

/** A whole answer in chunks. */
export const wholeAnswer = `${head}${chunk(answer)}${chunk("")}`

const whole = JSON.stringify({
  choices: [{ message: { content: "ok" }, finish_reason: "stop" }]
})

/** The answer "ok" to a request with this body, streamed or whole as it wants it. */
export const either = (body: string): string =>
  body.includes('"stream":true')
    ? wholeAnswer
    : `HTTP/1.1 200 OK\r\ncontent-length: ${whole.length}\r\n\r\n${whole}`

/** One request as it came: its head, and its body. */
export interface Came {
  readonly head: string
  readonly body: string
  readonly socket: Socket
}

/**
 * A server that tells `reply` each request, with its number from 1, once it has come whole; the models of
 * it; and the sockets that it has seen.
 */
export const wire = Effect.fnUntraced(function* (
  reply: (came: Came, number: number) => void,
  options: Partial<OpenAi.Options> & { readonly path?: string } = {}
) {
  const sockets = new Set<Socket>()
  const requests: Array<Came> = []
  const server = yield* Effect.acquireRelease(
    Effect.promise(async (): Promise<Server> => {
      const made = createServer((socket) => {
        sockets.add(socket)
        // A client may reset it.
        socket.on("error", () => {})
        let bytes = Buffer.alloc(0)
        socket.on("data", (piece) => {
          bytes = Buffer.concat([bytes, piece])
          for (;;) {
            const end = bytes.indexOf("\r\n\r\n")
            if (end < 0) return
            const text = bytes.subarray(0, end).toString("latin1")
            const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
            if (bytes.length < end + 4 + length) return
            const body = bytes.subarray(end + 4, end + 4 + length).toString()
            bytes = bytes.subarray(end + 4 + length)
            const came = { head: text, body, socket }
            requests.push(came)
            reply(came, requests.length)
          }
        })
      })
      made.listen(0, "127.0.0.1")
      await once(made, "listening")
      return made
    }),
    (made) =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
        made.close()
      })
  )
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const { path = "/v1", ...rest } = options
  const models = yield* Effect.orDie(
    OpenAi.make({ baseUrl: `http://127.0.0.1:${port}${path}`, timeout: "3 seconds", ...rest })
  )
  return { model: models("any"), sockets, requests, port }
})
