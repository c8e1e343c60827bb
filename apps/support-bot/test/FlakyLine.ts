/** A way to a server that can be cut and closed: it stands between the browser and the app. */
import { once } from "node:events"
import { createServer, request } from "node:http"

export interface FlakyLine {
  readonly url: string
  /** Cuts every open connection; the next ones are let through. */
  readonly cut: () => void
  /** Event streams that were opened, with the cursor that each began from. */
  readonly streams: () => ReadonlyArray<string | undefined>
  readonly close: () => Promise<void>
}

/** `target`: the port of the server; a function, since a server that comes back has another. */
export const make = async (target: () => number): Promise<FlakyLine> => {
  const streams: Array<string | undefined> = []
  const server = createServer((near, answer) => {
    const port = target()
    if (near.url?.endsWith("/events") === true) {
      streams.push(near.headers["last-event-id"]?.toString())
    }
    const headers = { ...near.headers, host: `127.0.0.1:${port}` }
    if (near.headers.origin !== undefined) headers.origin = `http://127.0.0.1:${port}`
    const { method, url } = near
    const far = request({ host: "127.0.0.1", port, method, path: url, headers }, (told) => {
      answer.writeHead(told.statusCode ?? 502, told.headers)
      told.pipe(answer)
      told.on("error", () => answer.destroy())
      told.on("aborted", () => answer.destroy())
    })
    far.on("error", () => answer.destroy())
    answer.on("close", () => far.destroy())
    near.pipe(far)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    cut: () => server.closeAllConnections(),
    streams: () => [...streams],
    close: async () => {
      const closed = once(server, "close")
      server.close()
      server.closeAllConnections()
      await closed
    }
  }
}
