/** A gateway before the server that loses messages, or the answers to them. */
import { once } from "node:events"
import { createServer, request } from "node:http"
import type { AddressInfo } from "node:net"

/**
 * What becomes of a message.
 * - `pass`: it arrives and is answered. `lose`: it arrives, and the gateway answers something else.
 * - `hold`: it arrives, and no answer comes. `drop`: it does not arrive, and no answer comes.
 */
export type Fate = "pass" | "lose" | "hold" | "drop"

const problem = { "content-type": "application/problem+json" }
const refusal = JSON.stringify({
  type: "about:blank",
  title: "Forbidden",
  status: 403,
  detail: "Not from here.",
  reason: { _tag: "Forbidden", scope: "here" }
})

/**
 * `fateOf`: of the n-th message, from 0. Everything else passes, the first stream of events not
 * before `until`.
 */
export const openGateway = async (
  port: number,
  fateOf: (message: number) => Fate,
  until: Promise<void> = Promise.resolve()
) => {
  let streams = 0
  let messages = 0
  let arrived = 0
  const server = createServer(async (near, answer) => {
    const { headers, method, url } = near
    if (url?.endsWith("/events") === true) {
      streams += 1
      if (streams === 1) await until
    }
    const isMessage = method === "POST" && url?.endsWith("/turns") === true
    const fate = isMessage ? fateOf(messages) : "pass"
    if (isMessage) messages += 1
    if (fate === "drop") return
    const far = request({ host: "127.0.0.1", port, method, path: url, headers }, (told) => {
      if (isMessage) arrived += 1
      if (fate === "pass") {
        answer.writeHead(told.statusCode ?? 502, told.headers)
        told.pipe(answer)
      } else {
        told.resume()
        if (fate === "lose") answer.writeHead(403, problem).end(refusal)
      }
    })
    far.on("error", () => answer.destroy())
    near.pipe(far)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Messages that came to the gateway, and those of them that the server answered. */
    messages: () => messages,
    arrived: () => arrived,
    close: () => {
      server.close()
      server.closeAllConnections()
    }
  }
}
