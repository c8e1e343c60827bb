import * as Duration from "effect/Duration"

const LONGEST_MS = 86_400_000

/**
 * How long a server asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date. A date
 * is read by the server's own clock where it tells it. At most a day; `undefined` where it says
 * nothing that can be understood.
 */
export const retryAfter = (
  headers: Headers | undefined,
  nowMs: number
): Duration.Duration | undefined => {
  const after = (ms: number) => Duration.millis(Math.min(Math.max(Math.ceil(ms), 0), LONGEST_MS))
  const figure = (text: string | null | undefined) =>
    text != null && /^\s*\d+(?:\.\d+)?\s*$/.test(text) ? Number(text) : undefined
  const ms = figure(headers?.get("retry-after-ms"))
  if (ms !== undefined) return after(ms)
  const said = headers?.get("retry-after")
  const seconds = figure(said)
  if (seconds !== undefined) return after(seconds * 1000)
  const date = Date.parse(said ?? "")
  if (Number.isNaN(date)) return undefined
  const serverNow = Date.parse(headers?.get("date") ?? "")
  return after(date - (Number.isNaN(serverNow) ? nowMs : serverNow))
}
