import { describe, expect, test } from "vitest"
import { houseOfFile } from "./House.ts"
import { violations, width } from "./Pages.ts"

const house = houseOfFile()
const narrow = { width: 360, height: 740 }

describe("two tabs of one person", () => {
  test("show a turn that was begun in the other one, while it is written", async () => {
    const { env, words } = await house().slowModel()
    const { url } = await house().serve(env)
    const first = await house().tab(url)
    const second = await house().tab(url, "Alice", narrow)
    await second.page.emulateMedia({ colorScheme: "dark" })
    await second.page.getByRole("textbox", { name: "Message" }).fill("Half a question")
    await first.ask("Tell me everything")
    await first.page.getByText(/word9/).waitFor()
    // Coming back to it is enough.
    await second.page.evaluate(() => window.dispatchEvent(new Event("focus")))
    await second.page.getByRole("button", { name: "Stop", exact: true }).waitFor()
    await second.page.getByText(/word15/).waitFor()
    await house().shoot(second, "narrow-dark-second-tab")
    expect.soft(await violations(second.page)).toEqual([])
    expect.soft(await width(second.page)).toBe(360)
    for (const { page } of [first, second]) {
      await page.getByRole("button", { name: "Send", exact: true }).waitFor({ timeout: 20_000 })
      expect.soft((await page.locator(".reply").textContent())?.trim()).toBe(words)
      expect.soft(await page.locator(".bubble").allTextContents()).toEqual(["Tell me everything"])
    }
    // What is being written in one stays there.
    const field = second.page.getByRole("textbox", { name: "Message" })
    expect.soft(await field.inputValue()).toBe("Half a question")
    // Without anybody doing anything as well.
    await second.ask("And now?")
    await first.page.locator(".bubble", { hasText: "And now?" }).waitFor()
    expect.soft([...first.complaints, ...second.complaints]).toEqual([])
  }, 60_000)
})
