/** Two pages of one person: what is begun in one is shown in the other. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest"
import { type Connection, isOpen } from "../src/index.ts"
import { openHouse } from "./House.ts"

let house: Awaited<ReturnType<typeof openHouse>>
beforeAll(async () => {
  house = await openHouse()
})
afterEach(() => {
  vi.useRealTimers()
  house.clear()
})
afterAll(() => house.close())

const numbers = (to: number): string => Array.from({ length: to }, (_, n) => `${n} `).join("")

/** A page that somebody looks at. */
const page = async (connection: Connection) => {
  const conversation = connection.conversation({ template: "support" })
  await conversation.load()
  const statuses: Array<string> = []
  conversation.subscribe(() => statuses.push(conversation.state().status))
  const turns = () => conversation.state().turns
  return {
    conversation,
    statuses,
    turns,
    told: () => turns().map(({ answer, question }) => `${question} ${answer}`),
    over: () => expect.poll(() => turns().some(isOpen), { timeout: 5000 }).toBe(false)
  }
}

test("a page that looks again shows a turn that another one began, while it runs", async () => {
  const first = await page(house.connect("ann"))
  const second = await page(house.connect("ann"))
  await first.conversation.send("count 100")
  await second.conversation.refresh()
  expect(second.turns()).toMatchObject([{ question: "count 100", state: "running" }])
  expect(second.conversation.state().status).toBe("answering")
  await second.over()
  expect(second.told()).toEqual([`count 100 ${numbers(100)}`])
  expect(second.conversation.state().status).toBe("ready")
  // Turns that came and went between two looks are there in their order.
  await first.over()
  await first.conversation.send("one")
  await first.over()
  await first.conversation.send("break")
  await first.over()
  await second.conversation.refresh()
  await second.over()
  expect(second.turns().map(({ question, state }) => [question, state])).toEqual([
    ["count 100", "answered"],
    ["one", "answered"],
    ["break", "failed"]
  ])
  expect(second.turns().map(({ id }) => id)).toEqual(first.turns().map(({ id }) => id))
  // And nothing is taken for news twice.
  const before = second.turns()
  await second.conversation.refresh()
  await first.conversation.refresh()
  expect(second.turns()).toBe(before)
  expect(first.turns()).toHaveLength(3)
})

test("shows what was said elsewhere in between at its place, and a turn that was tried again once", async () => {
  const first = await page(house.connect("fay"))
  const second = await page(house.connect("fay"))
  for (const text of ["one", "two"]) {
    await first.conversation.send(text)
    await first.over()
  }
  await second.conversation.send("break")
  await second.over()
  await second.conversation.retry(second.turns().at(-1)?.id ?? "")
  await second.over()
  const [shown] = second.turns()
  await second.conversation.refresh()
  expect(second.turns().map(({ question }) => question)).toEqual(["one", "two", "break"])
  expect(second.turns().at(-1)).toBe(shown)
  await first.conversation.refresh()
  await first.over()
  expect(first.turns().map(({ question }) => question)).toEqual(["one", "two", "break", "break"])
})

test("looks by itself every few seconds, but not while nobody looks at it", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] })
  const first = await page(house.connect("ben"))
  const second = await page(house.connect("ben"))
  const unseen = house.connect("ben").conversation({ template: "support" })
  await unseen.load()
  await first.conversation.send("hello")
  await first.over()
  expect(second.turns()).toEqual([])
  vi.advanceTimersByTime(5000)
  await expect.poll(second.told, { timeout: 5000 }).toEqual(["hello echo: hello"])
  expect(unseen.state().turns).toEqual([])
})

test("a message that was given back and had arrived is found, and is the writer's no more", async () => {
  const gateway = await house.gateway((message) => (message === 0 ? "lose" : "pass"))
  const { conversation, over, turns } = await page(house.connect("cleo", gateway.url))
  conversation.write("hello")
  expect(await conversation.send()).toBe(false)
  expect(conversation.state().draft).toBe("hello")
  await conversation.refresh()
  expect(turns()).toMatchObject([{ question: "hello" }])
  expect(conversation.state()).toMatchObject({ draft: "" })
  expect(conversation.state().trouble).toBeUndefined()
  await over()
})

test("does not mix what it hears late of an old turn into a new one", async () => {
  const first = await page(house.connect("dora"))
  await first.conversation.send("count 30")
  await first.over()
  let release = (): void => {}
  const late = new Promise<void>((resolve) => {
    release = resolve
  })
  const gateway = await house.gateway(() => "pass", late)
  const { conversation, told, turns } = await page(house.connect("dora", gateway.url))
  await conversation.send("count 100")
  await expect.poll(() => turns().at(-1)?.answer).toContain("5 ")
  release()
  await expect.poll(() => turns().at(-1)?.answer).toContain("50 ")
  expect(conversation.state().status).toBe("answering")
  await expect.poll(() => turns().some(isOpen), { timeout: 5000 }).toBe(false)
  expect(told()).toEqual([`count 30 ${numbers(30)}`, `count 100 ${numbers(100)}`])
})

test("tells nobody of a look that failed", async () => {
  const line = await house.line()
  const { conversation, statuses } = await page(house.connect("eve", line.url))
  line.close()
  await conversation.refresh()
  expect(statuses).toEqual([])
  expect(conversation.state().trouble).toBeUndefined()
})
