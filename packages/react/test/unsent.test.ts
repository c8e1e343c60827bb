/** What was written is the writer's until the server has it, and the server has it once. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import { type Connection, isOpen, type Keeping } from "../src/index.ts"
import type { Fate } from "./Gateway.ts"
import { openHouse } from "./House.ts"

let house: Awaited<ReturnType<typeof openHouse>>
beforeAll(async () => {
  house = await openHouse()
})
afterEach(() => house.clear())
afterAll(() => house.close())

/** What a tab keeps over a reload. */
const tab = (): Keeping => {
  const kept = new Map<string, string>()
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, text) => kept.set(name, text),
    removeItem: (name) => kept.delete(name)
  }
}

const loaded = async (connection: Connection) => {
  const conversation = connection.conversation({ template: "support" })
  await conversation.load()
  return {
    conversation,
    draft: () => conversation.state().draft,
    questions: () => conversation.state().turns.map(({ question }) => question),
    over: () =>
      expect
        .poll(() => conversation.state().turns.some(isOpen) === false, { timeout: 5000 })
        .toBe(true)
  }
}

/** A page of somebody behind a gateway: `reload` opens it anew in the same tab. */
const behind = async (user: string, ...fates: ReadonlyArray<Fate>) => {
  const gateway = await house.gateway((message) => fates[message] ?? "pass")
  const keeping = tab()
  const page = () => loaded(house.connect(user, gateway.url, () => house.token(user), keeping))
  return { gateway, page }
}

/** What the server has, as a page sees it that was never there before. */
const stored = async (user: string): Promise<ReadonlyArray<string>> =>
  (await loaded(house.connect(user))).questions()

test("keeps the draft until the server has it, and what is written meanwhile", async () => {
  const { page } = await behind("ann")
  const { conversation, draft, over, questions } = await page()
  conversation.write("  Hello ")
  const sent = conversation.send()
  expect(draft()).toBe("  Hello ")
  expect(questions()).toEqual(["Hello"])
  conversation.write("  Hello and")
  expect(await sent).toBe(true)
  expect(draft()).toBe("and")
  await over()
})

test("gives a message back with its id: sent again it is the same turn", async () => {
  const { gateway, page } = await behind("ben", "lose", "lose")
  const { conversation, draft, over, questions } = await page()
  conversation.write("Hello")
  for (let times = 0; times < 2; times++) {
    expect(await conversation.send()).toBe(false)
    expect(draft()).toBe("Hello")
    expect(questions()).toEqual([])
  }
  expect(await conversation.send()).toBe(true)
  await over()
  expect(draft()).toBe("")
  expect(gateway.arrived()).toBe(3)
  expect(await stored("ben")).toEqual(["Hello"])
  // The next one is another turn, also with the same words.
  conversation.write("Hello")
  expect(await conversation.send()).toBe(true)
  await over()
  expect(await stored("ben")).toEqual(["Hello", "Hello"])
})

test("gives another text another id", async () => {
  const { page } = await behind("cleo", "lose")
  const { conversation, over } = await page()
  expect(await conversation.send("Hello")).toBe(false)
  expect(await conversation.send("Good evening")).toBe(true)
  await over()
  expect(await stored("cleo")).toEqual(["Hello", "Good evening"])
})

test("a failed turn that is tried again after a lost answer is tried once", async () => {
  const { page } = await behind("dora", "pass", "lose")
  const { conversation, over } = await page()
  await conversation.send("break")
  await over()
  const failed = conversation.state().turns[0]?.id ?? ""
  expect(await conversation.retry(failed)).toBe(false)
  expect(conversation.state().turns.map(({ id }) => id)).toEqual([failed])
  expect(await conversation.retry(failed)).toBe(true)
  await over()
  expect(await stored("dora")).toEqual(["break", "break"])
})

test("a page that is loaded anew knows that its message arrived", async () => {
  const { gateway, page } = await behind("eve", "hold")
  const before = await page()
  before.conversation.write("Hello")
  void before.conversation.send()
  await expect.poll(gateway.arrived).toBe(1)
  const after = await page()
  expect(after.questions()).toEqual(["Hello"])
  expect(after.draft()).toBe("")
  await after.over()
  // With the same words it is another one.
  after.conversation.write("Hello")
  expect(await after.conversation.send()).toBe(true)
  await after.over()
  expect(await stored("eve")).toEqual(["Hello", "Hello"])
})

test("a page that is loaded anew has the text of a message that did not arrive", async () => {
  const { gateway, page } = await behind("fred", "drop")
  const before = await page()
  before.conversation.write("Hello")
  void before.conversation.send()
  await expect.poll(gateway.messages).toBe(1)
  const after = await page()
  expect(after.questions()).toEqual([])
  expect(after.draft()).toBe("Hello")
  expect(await after.conversation.send()).toBe(true)
  expect(after.draft()).toBe("")
  await after.over()
  expect(await stored("fred")).toEqual(["Hello"])
})

test("a tab that keeps nothing and one that holds something else work as well", async () => {
  const broken: Keeping = {
    getItem: () => {
      throw new Error("Storage is blocked.")
    },
    setItem: () => {
      throw new Error("Storage is full.")
    },
    removeItem: () => {
      throw new Error("Storage is blocked.")
    }
  }
  const strange: Keeping = { ...tab(), getItem: () => '{"draft":7}' }
  for (const [n, keeping] of [broken, strange].entries()) {
    const user = `hans-${n}`
    const { conversation, draft, over } = await loaded(
      house.connect(user, house.url, () => house.token(user), keeping)
    )
    expect(draft()).toBe("")
    conversation.write("Hello")
    expect(await conversation.send()).toBe(true)
    expect(draft()).toBe("")
    await over()
  }
})
