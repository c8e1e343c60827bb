/** Tabs of a real browser on the built page, and what every test asks of them. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type BrowserContext, chromium, type Page } from "playwright-core"
import { build } from "vite"
import { findBrowser, flags } from "./Browser.ts"

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js")

export interface Pages {
  readonly context: BrowserContext
  /** The folder of the built page. */
  readonly folder: string
  /** A folder for databases. */
  readonly scratch: string
  readonly close: () => Promise<void>
}

/** Builds the page into a folder of its own, because another task may be writing `dist`. */
export const openPages = async (): Promise<Pages> => {
  const scratch = mkdtempSync(join(tmpdir(), "atrium-page-"))
  const folder = join(scratch, "public")
  await build({
    root: join(import.meta.dirname, "../web"),
    logLevel: "error",
    build: { outDir: folder, emptyOutDir: true }
  })
  const browser = await findBrowser()
  const context = await chromium.launchPersistentContext(join(scratch, "profile"), {
    executablePath: browser.executablePath,
    headless: true,
    args: flags,
    env: { ...process.env, ...browser.env }
  })
  return {
    context,
    folder,
    scratch,
    close: async () => {
      await context.close()
      rmSync(scratch, { recursive: true, force: true })
    }
  }
}

export interface Tab {
  readonly page: Page
  /** What the console complained of, breaches of the content security policy included. */
  readonly complaints: ReadonlyArray<string>
  readonly ask: (text: string) => Promise<void>
  /** Asks and waits for the whole answer. */
  readonly answered: (text: string) => Promise<string>
}

/** A tab of somebody; `who` undefined: of nobody yet. */
export const openTab = async (
  { context }: Pages,
  url: string,
  who: string | undefined,
  view: { readonly width: number; readonly height: number } = { width: 1280, height: 800 }
): Promise<Tab> => {
  const page = await context.newPage()
  await page.setViewportSize(view)
  page.setDefaultTimeout(10_000)
  const complaints: Array<string> = []
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text())
  })
  page.on("pageerror", (error) => complaints.push(error.message))
  await page.goto(url)
  const field = page.getByRole("textbox", { name: "Message" })
  if (who !== undefined) {
    await page.getByRole("textbox", { name: "Somebody else" }).fill(who)
    await page.keyboard.press("Enter")
    await field.waitFor()
  }
  const ask = async (text: string): Promise<void> => {
    await field.fill(text)
    await page.getByRole("button", { name: "Send", exact: true }).waitFor()
    await field.press("Enter")
  }
  return {
    page,
    complaints,
    ask,
    answered: async (text) => {
      const answers = page.getByRole("article", { name: "Agent" })
      const before = await answers.count()
      await ask(text)
      await answers.nth(before).waitFor()
      await page.getByRole("button", { name: "Send", exact: true }).waitFor()
      return (await answers.nth(before).textContent()) ?? ""
    }
  }
}

/** What axe finds wrong with a page as it stands. */
export const violations = async (page: Page): Promise<ReadonlyArray<string>> => {
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((one) => one.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY)
        .map((one) => one.finished.catch(() => undefined))
    )
  )
  // By way of the debugger, so the page's policy stays as it was served.
  await page.evaluate(readFileSync(axe, "utf8"))
  return await page.evaluate(async () => {
    const { violations } = await Reflect.get(globalThis, "axe").run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
    })
    return violations.map(
      (found: {
        id: string
        nodes: ReadonlyArray<{ target: unknown; any: ReadonlyArray<{ message: string }> }>
      }) =>
        `${found.id}: ${found.nodes.map(({ any, target }) => `${target} ${any[0]?.message}`).join(" | ")}`
    )
  })
}

/** Whether the page scrolls sideways. */
export const width = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth)
