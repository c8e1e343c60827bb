import type { Answer } from "./send.ts"

/** What may follow the last event before the connection is given up. */
const restBytes = 65_536
const restMs = 1000

/**
 * Reads what follows the last event, so that the next request finds the connection open: one that is
 * left before its end is closed. Up to 64 KiB and for at most a second, beside whatever comes next;
 * nobody waits for it.
 */
export const readRest = (answer: Answer): void => {
  const late = setTimeout(() => answer.destroy(), restMs)
  let left = restBytes
  answer.on("data", (bytes: Buffer) => {
    left -= bytes.length
    if (left <= 0) answer.destroy()
  })
  answer.on("close", () => clearTimeout(late))
  answer.resume()
}
