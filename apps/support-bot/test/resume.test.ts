import { describe, expect, test } from "vitest"
import { houseOfFile } from "./House.ts"
import { violations } from "./Pages.ts"

const house = houseOfFile()

const narrow = { width: 360, height: 740 }

describe("a turn on the page", () => {
  test("stops an answer and keeps what was written", async () => {
    const { env, words } = await house().slowModel()
    const { url } = await house().serve(env)
    const alice = await house().tab(url)
    const { page } = alice
    await alice.ask("Tell me everything")
    await page.getByText(/word9/).waitFor()
    await house().shoot(alice, "wide-light-streaming")
    expect.soft(await violations(page)).toEqual([])
    await page.keyboard.press("Escape")
    await page.getByText("Stopped. What was written so far is kept.").waitFor()
    const kept = (await page.locator(".reply").textContent()) ?? ""
    expect.soft(words.startsWith(kept.trim().slice(0, 40))).toBe(true)
    expect.soft(kept.trim().length).toBeLessThan(words.length)
    expect.soft(await page.getByRole("textbox", { name: "Message" }).isEnabled()).toBe(true)
    await page.reload()
    await page.getByText("Stopped. What was written so far is kept.").waitFor()
    expect.soft(await page.getByText(/word9/).count()).toBe(1)
    expect.soft(alice.complaints).toEqual([])
  }, 60_000)

  test("goes on in mid-answer after the connection was cut, without a word lost or doubled", async () => {
    const { env, words } = await house().slowModel()
    const server = await house().serve(env)
    const line = await house().line(() => server.port)
    const alice = await house().tab(line.url)
    const { page } = alice
    await alice.ask("Tell me everything")
    await page.getByText(/word9/).waitFor()
    line.cut()
    await page.getByText(/word24/).waitFor()
    line.cut()
    await page.getByRole("button", { name: "Send", exact: true }).waitFor()
    expect((await page.locator(".reply").textContent())?.trim()).toBe(words)
    // Each time it came back with the place where it stood.
    expect(line.streams().length).toBe(3)
    expect(
      line
        .streams()
        .slice(1)
        .every((cursor) => /^\d+\.\d+\.\d+/.test(cursor ?? ""))
    ).toBe(true)
  }, 60_000)

  test("resumes after the server was killed in mid-answer and started again", async () => {
    const { env, words } = await house().slowModel()
    const place = { ...env, ATRIUM_DB: house().freshDatabase() }
    const server = await house().serve(place)
    const alice = await house().tab(server.url)
    const { page } = alice
    await alice.ask("Tell me everything")
    await page.getByText(/word9/).waitFor()
    await server.kill()
    await page.getByText("Connection lost. Resuming…").waitFor()
    expect.soft(await page.getByText(/word9/).count()).toBe(1)
    await house().shoot(alice, "wide-light-reconnecting")
    await house().serve({ ...place, PORT: String(server.port) })
    await page.getByRole("button", { name: "Send", exact: true }).waitFor({ timeout: 30_000 })
    expect.soft((await page.locator(".reply").textContent())?.trim()).toBe(words)
    await page.reload()
    await page.getByText(/word59/).waitFor()
    expect.soft(await page.locator(".bubble").count()).toBe(1)
    expect.soft((await page.locator(".reply").textContent())?.trim()).toBe(words)
  }, 90_000)

  test("takes up an answer that was begun before the page was loaded anew", async () => {
    const { env, words } = await house().slowModel()
    const { url } = await house().serve(env)
    const alice = await house().tab(url)
    const { page } = alice
    await alice.ask("Tell me everything")
    await page.getByText(/word9/).waitFor()
    await page.reload()
    await page.getByRole("button", { name: "Stop", exact: true }).waitFor()
    await page.getByRole("button", { name: "Send", exact: true }).waitFor({ timeout: 20_000 })
    expect((await page.locator(".reply").textContent())?.trim()).toBe(words)
  }, 60_000)

  test("gives the text back when the rate is used up, and counts down", async () => {
    const server = await house().serve()
    const alice = await house().tab(server.url)
    const { page } = alice
    for (let n = 0; n < 9; n++) await house().chat(server, "alice", "Thanks")
    await alice.answered("Thanks")
    await page.getByText("0 of 10").waitFor()
    await alice.ask("One too many")
    await page.getByText("No messages left for now. Your text is kept.").waitFor()
    await house().shoot(alice, "wide-light-limited")
    expect
      .soft(await page.getByRole("textbox", { name: "Message" }).inputValue())
      .toBe("One too many")
    expect.soft(await page.locator(".bubble", { hasText: "One too many" }).count()).toBe(0)
    expect.soft(await page.locator(".send").textContent()).toMatch(/^Send\d{1,2} s$/)
    expect.soft(await violations(page)).toEqual([])
    await page.reload()
    expect
      .soft(await page.getByRole("textbox", { name: "Message" }).inputValue())
      .toBe("One too many")
  }, 60_000)

  test.each([
    ["keeps the text of a message that did not arrive over a reload", false],
    ["knows after a reload that a message arrived whose answer did not", true]
  ])(
    "%s",
    async (_, arrives) => {
      const { url } = await house().serve()
      const alice = await house().tab(url, "Alice", arrives ? narrow : undefined)
      const { page } = alice
      await page.emulateMedia({ colorScheme: arrives ? "dark" : "light" })
      const field = page.getByRole("textbox", { name: "Message" })
      const bubbles = page.locator(".bubble", { hasText: "Thanks" })
      let caught = (): void => {}
      const lost = new Promise<void>((resolve) => {
        caught = resolve
      })
      await page.route("**/turns", async (route) => {
        if (arrives) await route.fetch()
        caught()
      })
      await alice.ask("Thanks")
      await lost
      await page.getByText("Sending…").waitFor()
      await house().shoot(alice, arrives ? "narrow-dark-sending" : "wide-light-sending")
      expect.soft(await field.inputValue()).toBe("Thanks")
      expect.soft(await violations(page)).toEqual([])
      await page.reload()
      await page.getByRole("button", { name: "Send", exact: true }).waitFor()
      // Not before: what is held would be let through.
      await page.unrouteAll({ behavior: "ignoreErrors" })
      if (arrives) await bubbles.waitFor()
      await expect.poll(() => field.inputValue()).toBe(arrives ? "" : "Thanks")
      if (!arrives) {
        expect.soft(await bubbles.count()).toBe(0)
        await field.press("Enter")
      }
      await page.locator(".reply").waitFor()
      await page.getByRole("button", { name: "Send", exact: true }).waitFor()
      expect.soft(await field.inputValue()).toBe("")
      await page.reload()
      await bubbles.first().waitFor()
      expect.soft(await bubbles.count()).toBe(1)
    },
    60_000
  )

  test("says why one is still the same person when the server is gone", async () => {
    const server = await house().serve()
    const alice = await house().tab(server.url)
    const { page } = alice
    await alice.answered("Thanks")
    await server.kill()
    await page.getByRole("button", { name: "User: Alice" }).click()
    await page.getByRole("menuitem", { name: "Bob" }).click()
    await page.getByRole("alert").getByText("The server does not answer.").waitFor()
    await house().shoot(alice, "wide-light-not-switched")
    expect.soft(await page.getByRole("button", { name: "User: Alice" }).count()).toBe(1)
    expect.soft(await violations(page)).toEqual([])
  }, 60_000)

  test("says that it is offline and goes on by itself", async () => {
    const { env, words } = await house().slowModel()
    const { url } = await house().serve(env)
    const alice = await house().tab(url)
    const { page } = alice
    await alice.ask("Tell me everything")
    await page.getByText(/word9/).waitFor()
    await house().pages.context.setOffline(true)
    await page.getByText("You are offline. Your text is kept.").waitFor()
    await house().shoot(alice, "wide-light-offline")
    expect.soft(await violations(page)).toEqual([])
    await house().pages.context.setOffline(false)
    await page.getByRole("button", { name: "Send", exact: true }).waitFor({ timeout: 20_000 })
    expect.soft((await page.locator(".reply").textContent())?.trim()).toBe(words)
  }, 60_000)

  test("leaves a reader who scrolled up where they are, and leads back by Latest", async () => {
    const { env, model } = await house().model()
    const paragraphs = Array.from({ length: 60 }, (_, index) => `paragraph${index}`).join("\n\n")
    model.plan({ _tag: "Says", text: paragraphs, pieces: 60, betweenMs: 60 })
    const { url } = await house().serve(env)
    const alice = await house().tab(url)
    const { page } = alice
    await alice.ask("Tell me everything")
    await page.getByText("paragraph24").waitFor()
    const log = page.locator(".log")
    const top = () => log.evaluate((one) => Math.round(one.scrollTop))
    await log.hover()
    await page.mouse.wheel(0, -300)
    const latest = page.getByRole("button", { name: "Latest" })
    await latest.waitFor()
    const before = await top()
    await page.getByText("paragraph36").waitFor()
    expect.soft(await top()).toBe(before)
    // However tall the composer grows, the button keeps above it.
    await page.getByRole("textbox", { name: "Message" }).fill("line\n".repeat(8))
    await house().shoot(alice, "wide-light-latest")
    const box = await latest.boundingBox()
    const field = await page.getByRole("textbox", { name: "Message" }).boundingBox()
    expect.soft((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(field?.y ?? 0)
    await latest.click()
    await latest.waitFor({ state: "detached" })
    expect
      .soft(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")))
      .toBe("Conversation")
    const left = () =>
      log.evaluate((one) => Math.round(one.scrollHeight - one.scrollTop - one.clientHeight))
    await page.getByText("paragraph59").waitFor()
    await page.getByRole("button", { name: "Send", exact: true }).waitFor()
    expect.soft(await left()).toBe(0)
    // A phone that is turned stays at the end.
    for (const view of [narrow, { width: 740, height: 360 }, { width: 1280, height: 800 }]) {
      await page.setViewportSize(view)
      await expect.poll(left).toBe(0)
      expect.soft(await latest.count()).toBe(0)
    }
  }, 60_000)

  test("unfolds what a tool did where it was pressed", async () => {
    const { url } = await house().serve()
    const alice = await house().tab(url, "Alice", narrow)
    const { page } = alice
    await alice.answered("Where is my order PW-104233?")
    await alice.answered("When is my money back after a return?")
    const chip = page.getByRole("button", { name: "passage_search done" })
    const before = await chip.boundingBox()
    await chip.click()
    await page.getByText("Output").waitFor()
    await page.getByRole("button", { name: "Latest" }).waitFor()
    expect.soft((await chip.boundingBox())?.y).toBe(before?.y)
    await chip.click()
    await page.getByRole("button", { name: "Latest" }).waitFor({ state: "detached" })
  }, 60_000)

  test("says where an answer failed, and tries again", async () => {
    const { env, model } = await house().model()
    model.plan({ _tag: "Fails", status: 404, message: "No such model" })
    const { url } = await house().serve(env)
    const alice = await house().tab(url)
    const { page } = alice
    await alice.ask("Hello there")
    await page.getByRole("alert").getByText("The answer did not arrive.").waitFor()
    await house().shoot(alice, "wide-light-failed")
    expect.soft(await violations(page)).toEqual([])
    await page.reload()
    await page.getByRole("button", { name: "Try again" }).click()
    expect.soft(await page.evaluate(() => document.activeElement?.id)).toBe("message")
    await page.locator(".reply", { hasText: "ok: Hello there" }).waitFor()
    expect.soft(await page.getByRole("button", { name: "Try again" }).count()).toBe(0)
  }, 60_000)
})
