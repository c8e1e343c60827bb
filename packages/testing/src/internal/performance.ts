import type { ServerResponse } from "node:http"
import { setTimeout as sleep } from "node:timers/promises"
import { type ChatRequest, chunks, completion, failure, replyTo } from "./completions.ts"
import type { Script } from "./script.ts"

const JSON_TYPE = { "content-type": "application/json" }
const EVENTS = { "content-type": "text/event-stream", "cache-control": "no-cache" }
const DONE = "data: [DONE]\n\n"
const PAGE = "<!doctype html><title>Welcome</title><h1>It works!</h1>"

const event = (chunk: unknown): string => `data: ${JSON.stringify(chunk)}\n\n`

/** What is written to a client, piece by piece. */
interface Lines {
  readonly headers: Record<string, string>
  readonly pieces: ReadonlyArray<string>
  readonly close: "end" | "destroy" | "hang"
}

/** The answer of a script, as if there were no time. */
const linesOf = (script: Script, chat: ChatRequest, number: number): Lines => {
  const streamed = chat.stream === true
  const plain = () =>
    streamed
      ? chunks(chat, number).map(event)
      : // In two halves, so that there is a middle.
        halves(JSON.stringify(completion(chat, number)))
  const headers: Record<string, string> = streamed ? EVENTS : JSON_TYPE
  const begun = (after = 3) => plain().slice(0, streamed ? after : 1)
  const whole = (pieces: ReadonlyArray<string>, more: Record<string, string> = headers): Lines => ({
    headers: more,
    pieces,
    close: "end"
  })
  switch (script._tag) {
    case "Says":
      return streamed
        ? whole([...chunks(chat, number, script).map(event), DONE])
        : whole([JSON.stringify(completion(chat, number, script))])
    case "Fails": {
      const said = script.body ?? JSON.stringify(failure(script.message ?? "No.", script))
      return whole([said], { ...(script.body === undefined ? JSON_TYPE : {}), ...script.headers })
    }
    case "Cuts":
      return {
        headers,
        pieces: script.how === "done" ? [...begun(script.after), DONE] : begun(script.after),
        close: script.how === "destroy" ? "destroy" : "end"
      }
    case "Hangs":
      return {
        headers,
        pieces: script.after === undefined ? [] : begun(script.after),
        close: "hang"
      }
    case "Breaks": {
      const broken = failure(script.message ?? "It broke.", { type: "server_error", ...script })
      return whole([...begun(script.after), event(broken)])
    }
    case "Garbage":
      switch (script.kind) {
        case "json":
          return streamed ? whole([...begun(2), "data: {not json\n\n", DONE]) : whole(["{not json"])
        case "shape":
          return streamed
            ? whole([event({ choices: "none" }), DONE])
            : whole([JSON.stringify({ choices: "none" })])
        case "html":
          return whole([PAGE], { "content-type": "text/html" })
        case "type":
          return whole(streamed ? [...plain(), DONE] : plain(), { "content-type": "text/plain" })
        case "empty": {
          const empty = { ...completion(chat, number, replyTo(chat)), choices: [] }
          return streamed ? whole([event(empty), DONE]) : whole([JSON.stringify(empty)])
        }
        case "nothing":
          return whole([])
      }
  }
}

const halves = (text: string): ReadonlyArray<string> => {
  const middle = Math.floor(text.length / 2)
  return [text.slice(0, middle), text.slice(middle)]
}

/** Answers one completion as its script says. Stops where the client leaves. */
export const perform = async (
  script: Script,
  chat: ChatRequest,
  number: number,
  response: ServerResponse
): Promise<void> => {
  if (script.beforeMs !== undefined) await sleep(script.beforeMs)
  if (response.destroyed) return
  const { headers, pieces, close } = linesOf(script, chat, number)
  if (close === "hang" && pieces.length === 0) return
  response.writeHead(script._tag === "Fails" ? script.status : 200, headers)
  for (const [index, piece] of pieces.entries()) {
    if (index > 0 && script.betweenMs !== undefined) await sleep(script.betweenMs)
    if (response.destroyed) return
    // Written out before the connection may break: what was promised to arrive must arrive.
    await new Promise<void>((written) => response.write(piece, () => written()))
  }
  if (close === "end") response.end()
  if (close === "destroy") response.destroy()
}
