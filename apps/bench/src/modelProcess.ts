import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

/** A fake model in a process of its own, so that its processor time is not counted as ours. */
export interface ModelProcess {
  readonly url: string
  readonly close: () => Promise<void>
}

const urlIn = (line: unknown): string => {
  const address: unknown = JSON.parse(String(line))
  if (typeof address === "object" && address !== null && "url" in address) {
    return String(address.url)
  }
  throw new Error(`The fake model printed no address, but ${JSON.stringify(line)}.`)
}

/** Starts the process and waits for its address. */
export const startModel = async (latencyMs: number): Promise<ModelProcess> => {
  const main = fileURLToPath(import.meta.resolve("@atrium/testing/FakeModelMain"))
  const child = spawn(
    process.execPath,
    ["--conditions=@atrium/source", main, "--latency-ms", String(latencyMs)],
    { stdio: ["pipe", "pipe", "inherit"] }
  )
  const exited = once(child, "exit")
  const line = once(createInterface({ input: child.stdout }), "line")
  const first = await Promise.race([line, exited.then(() => undefined)])
  if (first === undefined) throw new Error("The fake model ended before it printed its address.")
  return {
    url: urlIn(first[0]),
    close: async () => {
      child.stdin.end()
      await exited
    }
  }
}
