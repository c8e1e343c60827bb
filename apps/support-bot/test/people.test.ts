import { describe, expect, test } from "vitest"
import { houseOfFile } from "./House.ts"
import { violations } from "./Pages.ts"

const house = houseOfFile()

describe("who sits before the page, and what is remembered of them", () => {
  test("[073] Alice and Bob in two tabs: each is told their own name", async () => {
    const { url } = await house().serve()
    const alice = await house().tab(url, "User A")
    const bob = await house().tab(url, "User B")
    await alice.answered("My name is Alice")
    expect(await alice.answered("What's my name?")).toContain("Your name is Alice")
    await bob.answered("My name is Bob")
    expect(await bob.answered("What's my name?")).toContain("Your name is Bob")
    expect(await alice.answered("What's my name?")).toContain("Your name is Alice")
    expect(await alice.page.locator("body").textContent()).not.toContain("Bob")
    expect([...alice.complaints, ...bob.complaints]).toEqual([])
  }, 60_000)

  test("forgets who left: neither a reload nor a late token makes the tab that person again", async () => {
    const { url } = await house().serve()
    const { page } = await house().tab(url, "Alice")
    let answer = (): void => {}
    const late = new Promise<void>((resolve) => {
      answer = resolve
    })
    await page.evaluate(() => {
      const person = JSON.parse(sessionStorage.getItem("puddlewick.person") ?? "{}")
      sessionStorage.setItem("puddlewick.person", JSON.stringify({ ...person, token: "atr_old" }))
    })
    await page.route("**/demo/token", async (route) => {
      await late
      await route.continue()
    })
    const asked = page.waitForRequest("**/demo/token")
    await page.reload()
    await asked
    await page.getByRole("button", { name: "User: Alice" }).click()
    await page.getByRole("menuitem", { name: "Somebody else…" }).click()
    await page.getByRole("textbox", { name: "Somebody else" }).waitFor()
    const told = page.waitForResponse("**/demo/token")
    answer()
    await (await told).finished()
    await page.evaluate(() => new Promise((done) => setTimeout(done, 50)))
    expect(await page.evaluate(() => sessionStorage.getItem("puddlewick.person"))).toBeNull()
    await page.reload()
    await page.getByRole("textbox", { name: "Somebody else" }).waitFor()
  }, 60_000)

  test("says what is wrong with a name, beside it", async () => {
    const { url } = await house().serve()
    const nobody = await house().tab(url, undefined)
    const { page } = nobody
    const field = page.getByRole("textbox", { name: "Somebody else" })
    await field.fill("a\u0007")
    await page.keyboard.press("Enter")
    await page.getByRole("alert").getByText("This name cannot be used.").waitFor()
    expect.soft(await field.getAttribute("aria-invalid")).toBe("true")
    await house().shoot(nobody, "entrance-refused")
    expect.soft(await violations(page)).toEqual([])
    await field.fill("Ann")
    await page.keyboard.press("Enter")
    await page.getByRole("button", { name: "User: Ann" }).waitFor()
  }, 60_000)

  test("shows nothing of somebody else after a switch, not for one frame", async () => {
    const { url } = await house().serve()
    const tab = await house().tab(url, "alice")
    const { page } = tab
    await tab.answered("Please remember that my cat is called Mittens")
    await page
      .getByText(/Mittens/)
      .first()
      .waitFor()
    await page.evaluate(() => {
      const seen: Array<string> = []
      Reflect.set(globalThis, "seen", seen)
      const look = () => {
        const who = document.querySelector("header button[aria-haspopup=menu]")
        seen.push(`${who?.getAttribute("aria-label") ?? "nobody"}|${document.body.textContent}`)
      }
      new MutationObserver(look).observe(document, {
        subtree: true,
        childList: true,
        characterData: true
      })
      const frame = () => {
        look()
        requestAnimationFrame(frame)
      }
      frame()
    })
    await page.getByRole("button", { name: "User: Alice" }).click()
    await page.getByRole("menuitem", { name: "Bob" }).click()
    await page.getByText("User ID: bob").waitFor()
    const seen: ReadonlyArray<string> = await page.evaluate(() => Reflect.get(globalThis, "seen"))
    expect(seen.some((text) => text.startsWith("User: Alice|") && text.includes("Mittens"))).toBe(
      true
    )
    expect(seen.some((text) => text.startsWith("User: Bob|"))).toBe(true)
    expect(
      seen.filter((text) => !text.startsWith("User: Alice|") && text.includes("Mittens"))
    ).toEqual([])
    await page.getByRole("button", { name: "User: Bob" }).click()
    await page.getByRole("menuitem", { name: "Alice" }).click()
    await page
      .getByText(/Mittens/)
      .first()
      .waitFor()
  }, 60_000)

  test("the memory card shows what was learned, its history, and takes it back", async () => {
    const { url } = await house().serve()
    const alice = await house().tab(url)
    const { page } = alice
    const card = page.getByRole("article", { name: "human" })
    await card.getByText("User ID: alice\nName: unknown\nPreferences: (to be learned)").waitFor()
    await alice.answered("I prefer short answers")
    await card.getByText("Preferences: Prefers short answers").waitFor()
    await page.reload()
    await card.getByText("Preferences: Prefers short answers").waitFor()

    await page.getByRole("button", { name: "History of human" }).click()
    await page.locator("ins", { hasText: "Prefers short answers" }).waitFor()
    await house().shoot(alice, "wide-light-history")
    expect.soft(await violations(page)).toEqual([])
    await page.getByRole("button", { name: "Undo to revision 1" }).click()
    await page.getByText("You", { exact: true }).waitFor()
    await page.getByRole("button", { name: "Close" }).click()
    await card.getByText("Preferences: (to be learned)").waitFor()

    await page.getByRole("button", { name: "Edit human" }).click()
    await page.getByRole("textbox", { name: "Text of human" }).fill("x".repeat(2001))
    await card.getByText("2,001 of 2,000: shorten it to save it").waitFor()
    await page.getByRole("textbox", { name: "Text of human" }).fill("Name: Alicia")
    await card.getByRole("button", { name: "Save" }).click()
    await card.getByText("12 of 2,000").waitFor()
    expect.soft(await alice.answered("What's my name?")).toContain("Alicia")
    expect.soft(await page.getByRole("button", { name: "Edit persona" }).count()).toBe(0)
    expect.soft(alice.complaints).toEqual([])
  }, 60_000)

  test("a memory card that was changed meanwhile shows both texts and overwrites nothing", async () => {
    const { url } = await house().serve()
    const alice = await house().tab(url)
    const { page } = alice
    await page.getByRole("button", { name: "Edit human" }).click()
    await page.getByRole("textbox", { name: "Text of human" }).fill("Name: mine")
    await alice.answered("My name is Alice")
    await page.getByText("It was changed meanwhile, and now reads:").waitFor()
    await page.getByText("Name: Alice").first().waitFor()
    expect
      .soft(await page.getByRole("textbox", { name: "Text of human" }).inputValue())
      .toBe("Name: mine")
    expect.soft(await violations(page)).toEqual([])
    await page.getByRole("button", { name: "Save mine instead" }).click()
    await page.getByRole("article", { name: "human" }).getByText("10 of 2,000").waitFor()
  }, 60_000)
})
