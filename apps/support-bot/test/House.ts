/** Servers, tabs and models of a test, ended in the order in which they were not begun. */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import * as FakeModel from "@atrium/testing/FakeModel"
import { afterAll, afterEach, beforeAll } from "vitest"
import * as FlakyLine from "./FlakyLine.ts"
import { openPages, openTab, type Pages, type Tab } from "./Pages.ts"
import { type Environment, type Server, start } from "./Server.ts"
import { headerOf } from "./Terminal.ts"

export interface House {
  readonly pages: Pages
  readonly freshDatabase: () => string
  readonly serve: (env?: Environment) => Promise<Server>
  readonly tab: (
    url: string,
    who?: string | undefined,
    view?: { readonly width: number; readonly height: number }
  ) => Promise<Tab>
  readonly line: (port: () => number) => Promise<FlakyLine.FlakyLine>
  /** A model behind OpenAI's protocol, and the environment that names it. */
  readonly model: () => Promise<{ readonly model: FakeModel.Running; readonly env: Environment }>
  /** The same, saying 60 words in about four seconds. */
  readonly slowModel: () => Promise<{ readonly words: string; readonly env: Environment }>
  /** One message by `POST /chat`, as a trusted server sends it. */
  readonly chat: (server: Server, user: string, message: string) => Promise<string>
  /** A picture for the eye, where `ATRIUM_SHOTS` names a folder. */
  readonly shoot: (tab: Tab, name: string) => Promise<void>
  /** Ends what a test began. */
  readonly clear: () => Promise<void>
  readonly close: () => Promise<void>
}

const openHouse = async (): Promise<House> => {
  const pages = await openPages()
  const shots = process.env["ATRIUM_SHOTS"]
  const ends: Array<() => Promise<unknown>> = []
  let databases = 0
  const freshDatabase = (): string => {
    databases += 1
    return join(pages.scratch, `db-${databases}`, "support.db")
  }
  const model: House["model"] = async () => {
    const model = await FakeModel.start()
    ends.push(model.close)
    return { model, env: { OPENAI_BASE_URL: model.url, ATRIUM_MODEL: "openai/fake" } }
  }
  return {
    pages,
    freshDatabase,
    model,
    serve: async (env = {}) => {
      const server = await start(pages.folder, { ATRIUM_DB: freshDatabase(), ...env })
      ends.push(server.stop)
      return server
    },
    tab: async (...[url, ...who]) => {
      const [name, view] = who.length === 0 ? ["Alice", undefined] : who
      const tab = await openTab(pages, url, name, view)
      ends.push(() => tab.page.close())
      return tab
    },
    line: async (port) => {
      const line = await FlakyLine.make(port)
      ends.push(line.close)
      return line
    },
    slowModel: async () => {
      const { env, model: slow } = await model()
      const words = Array.from({ length: 60 }, (_, index) => `word${index}`).join(" ")
      slow.plan({ _tag: "Says", text: words, pieces: 60, betweenMs: 60 }, { times: 20 })
      return { words, env }
    },
    chat: async (server, user_id, message) => {
      const response = await fetch(`${server.url}/chat`, {
        method: "POST",
        headers: { ...headerOf(server), "content-type": "application/json" },
        body: JSON.stringify({ user_id, message })
      })
      return await response.text()
    },
    shoot: async ({ page }, name) => {
      if (shots === undefined) return
      mkdirSync(shots, { recursive: true })
      await page.screenshot({ path: join(shots, `${name}.png`) })
    },
    clear: async () => {
      await pages.context.setOffline(false)
      if (shots !== undefined) {
        for (const [n, page] of pages.context.pages().entries())
          await page.screenshot({ path: join(shots, `last-${n}.png`) })
      }
      for (const end of ends.splice(0).toReversed()) await end()
    },
    close: pages.close
  }
}

/** A house for the tests of a file: it opens before the first, and what each began ends with it. */
export const houseOfFile = (): (() => House) => {
  let house: House | undefined
  beforeAll(async () => {
    house = await openHouse()
  }, 120_000)
  afterAll(() => house?.close(), 30_000)
  afterEach(() => house?.clear(), 30_000)
  return () => {
    if (house === undefined) throw new Error("The house opens before the first test, not earlier.")
    return house
  }
}
