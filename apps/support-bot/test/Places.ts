/** Where the tests of a file start servers: a folder with a page, and a database of its own for each. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach } from "vitest"
import { type Environment, type Server, start } from "./Server.ts"

/** What `ends` holds is called after each test, the last first; the folder goes with the file. */
export const placesOf = (name: string) => {
  const scratch = mkdtempSync(join(tmpdir(), `atrium-${name}-`))
  const page = join(scratch, "page")
  mkdirSync(page)
  writeFileSync(join(page, "index.html"), "<!doctype html><title>Page</title>")
  const ends: Array<() => Promise<unknown>> = []
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end()
  })
  afterAll(() => rmSync(scratch, { recursive: true }))

  let databases = 0
  return {
    scratch,
    page,
    ends,
    database: (): string => {
      databases += 1
      return join(scratch, `it's db ${databases}`, "support.db")
    },
    serve: async (env: Environment): Promise<Server> => {
      const server = await start(page, env)
      ends.push(server.stop)
      return server
    }
  }
}
