import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import { type Connection, isOpen } from "../src/index.ts"
import { openHouse } from "./House.ts"

let house: Awaited<ReturnType<typeof openHouse>>
beforeAll(async () => {
  house = await openHouse()
})
afterEach(() => house.clear())
afterAll(() => house.close())

const support = { template: "support" }
const numbers = (to: number): string => Array.from({ length: to }, (_, n) => `${n} `).join("")

const loaded = async (connection: Connection) => {
  const conversation = connection.conversation(support)
  await conversation.load()
  const states: Array<string> = []
  conversation.subscribe(() => states.push(conversation.state().status))
  const last = () => conversation.state().turns.at(-1)
  return {
    conversation,
    states,
    last,
    /** Until the last turn is over. */
    over: () =>
      expect
        .poll(
          () => last() !== undefined && conversation.state().turns.every((one) => !isOpen(one)),
          {
            timeout: 5000
          }
        )
        .toBe(true)
  }
}

test("sends, streams, and finds the same past on another connection", async () => {
  const { conversation, last, over } = await loaded(house.connect("ann"))
  expect(conversation.state()).toMatchObject({ status: "ready", turns: [] })
  const texts = new Set<string>()
  conversation.subscribe(() => texts.add(last()?.answer ?? ""))
  expect(await conversation.send("count 20")).toBe(true)
  await over()
  expect(last()).toMatchObject({ question: "count 20", answer: numbers(20), state: "answered" })
  expect(texts.size).toBeGreaterThan(3)
  const again = await loaded(house.connect("ann"))
  expect(again.last()).toMatchObject({ question: "count 20", answer: numbers(20) })
  const bob = await loaded(house.connect("ben"))
  expect(bob.conversation.state().turns).toEqual([])
})

test("tells each word once over a connection that is cut again and again", async () => {
  const line = await house.line()
  const { conversation, last, over, states } = await loaded(house.connect("cut", line.url))
  await conversation.send("count 200")
  for (const at of [10, 60, 120]) {
    await expect.poll(() => last()?.answer.includes(` ${at} `), { timeout: 5000 }).toBe(true)
    line.cut()
  }
  await over()
  expect(last()?.answer).toBe(numbers(200))
  expect(states).toContain("reconnecting")
  expect(conversation.state().status).toBe("ready")
})

test("takes up a turn that was begun before it looked", async () => {
  const first = await loaded(house.connect("early"))
  await first.conversation.send("count 60")
  const second = await loaded(house.connect("early"))
  expect(second.last()?.question).toBe("count 60")
  await second.over()
  expect(second.last()).toMatchObject({ answer: numbers(60), state: "answered" })
})

test("waits for its turn's events while as many streams are open as there may be", async () => {
  const first = await loaded(house.connect("tabs"))
  await first.conversation.send("count 400")
  const { id = "" } = first.last() ?? {}
  const authorization = `Bearer ${await house.token("tabs")}`
  const others = new AbortController()
  for (let n = 0; n < 2; n++) {
    const { status } = await fetch(`${house.url}/v1/turns/${id}/events`, {
      headers: { authorization },
      signal: others.signal
    })
    expect(status).toBe(200)
  }
  const { conversation, last, over, states } = await loaded(house.connect("tabs"))
  await expect.poll(() => states).toContain("reconnecting")
  expect(last()?.state).toBe("running")
  others.abort()
  await over()
  expect(last()).toMatchObject({ answer: numbers(400), state: "answered" })
  expect(conversation.state().status).toBe("ready")
})

test("stops a turn, also one that the server has not answered for yet", async () => {
  const { conversation, last, over } = await loaded(house.connect("stop"))
  const sent = conversation.send("count 500")
  expect(last()?.state).toBe("sending")
  await conversation.stop()
  expect(await sent).toBe(true)
  await over()
  expect(last()?.state).toBe("stopped")
  expect(last()?.answer.length).toBeLessThan(numbers(500).length)
})

test("takes no second message while one is open", async () => {
  const { conversation, over } = await loaded(house.connect("twice"))
  const sent = conversation.send("count 20")
  expect(await conversation.send("count 3")).toBe(false)
  expect(await sent).toBe(true)
  await over()
  expect(conversation.state().turns).toHaveLength(1)
})

test("says how a turn failed, and sends it again as a new one", async () => {
  const { conversation, last, over } = await loaded(house.connect("fail"))
  await conversation.send("break")
  await over()
  const failed = last()
  expect(failed).toMatchObject({ state: "failed", answer: "" })
  expect(failed?.why).toBeDefined()
  // Its end is known after a reload as well.
  const again = await loaded(house.connect("fail"))
  await expect.poll(() => again.last()?.state).toBe("failed")
  expect(await again.conversation.retry(failed?.id ?? "")).toBe(true)
  await again.over()
  expect(again.conversation.state().turns).toHaveLength(1)
  expect(again.last()?.id).not.toBe(failed?.id)
})

test("gives a message back when the rate is used up, and says until when", async () => {
  const connection = house.connect("busy")
  const { conversation, over } = await loaded(connection)
  const unsubscribe = connection.limits.subscribe(() => undefined)
  for (let n = 0; n < 5; n++) {
    await conversation.send(`message ${n}`)
    await over()
  }
  await expect.poll(() => connection.limits.state()?.left).toBe(0)
  expect(connection.limits.state()).toMatchObject({ turns: 5, windowMs: 60_000 })
  expect(await conversation.send("one too many")).toBe(false)
  const { limitedUntil, trouble, turns } = conversation.state()
  expect(turns).toHaveLength(5)
  expect(trouble?.reason).toBe("RateLimited")
  expect((limitedUntil ?? 0) - Date.now()).toBeGreaterThan(50_000)
  unsubscribe()
})

test("keeps a failed turn when sending it again is refused", async () => {
  const { conversation, last, over } = await loaded(house.connect("keep"))
  for (let n = 0; n < 4; n++) {
    await conversation.send(`message ${n}`)
    await over()
  }
  await conversation.send("break")
  await over()
  const failed = last()
  expect(failed?.state).toBe("failed")
  expect(await conversation.retry(failed?.id ?? "")).toBe(false)
  expect(conversation.state().trouble?.reason).toBe("RateLimited")
  expect(conversation.state().turns).toHaveLength(5)
  expect(last()).toEqual(failed)
})

test("asks for another token when one is refused, and for one at a time", async () => {
  let asked = 0
  const credential = (): Promise<string> => {
    asked += 1
    return asked === 1 ? Promise.resolve("atr_expired") : house.token("renew")
  }
  const { conversation, last, over } = await loaded(house.connect("renew", house.url, credential))
  expect(await conversation.send("hello")).toBe(true)
  await over()
  expect(last()?.answer).toBe("echo: hello")
  expect(asked).toBe(2)
})

test("says why a conversation cannot be had, and tells nothing after it was closed", async () => {
  const nobody = house.connect("nobody", house.url, () => Promise.resolve("atr_wrong"))
  const { conversation } = await loaded(nobody)
  expect(conversation.state()).toMatchObject({ status: "broken" })
  expect(conversation.state().trouble?.status).toBe(401)

  const connection = house.connect("gone")
  const open = await loaded(connection)
  await open.conversation.send("count 100")
  await expect.poll(() => open.last()?.answer).toContain("5 ")
  connection.close()
  const before = open.states.length
  const state = open.conversation.state()
  await new Promise((done) => setTimeout(done, 100))
  expect(open.conversation.state()).toBe(state)
  expect(open.states).toHaveLength(before)
})

test("keeps trying while the server cannot be reached", async () => {
  const line = await house.line()
  let up = false
  const credential = (): Promise<string> =>
    up ? house.token("later") : Promise.reject(new TypeError("fetch failed"))
  const connection = house.connect("later", line.url, credential)
  const conversation = connection.conversation(support)
  const loading = conversation.load()
  await expect.poll(() => conversation.state().status).toBe("reconnecting")
  up = true
  await loading
  expect(conversation.state().status).toBe("ready")
})

test("is no longer reconnecting once the older messages have come", async () => {
  let lost = 0
  // Of a past of more than a page, without the hundred turns that it takes.
  const server = createServer((request, response) => {
    const json = (body: unknown): void => {
      response.setHeader("content-type", "application/json").end(JSON.stringify(body))
    }
    if (request.method === "PUT") {
      const conversation = { id: "conv_1", agentId: "agent_1", userId: "old", key: "" }
      return json({ ...conversation, title: "", length: 0 })
    }
    if (request.url?.includes("after=") !== true) return json({ items: [], next: "1" })
    lost += 1
    if (lost === 1) return request.socket.destroy()
    return json({ items: [], next: null })
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const { port } = server.address() as AddressInfo
  try {
    const { conversation, states } = await loaded(
      house.connect("old", `http://127.0.0.1:${port}`, () => Promise.resolve("atr_any"))
    )
    expect(conversation.state()).toMatchObject({ status: "ready", older: true })
    await conversation.loadOlder()
    expect(states).toContain("reconnecting")
    expect(conversation.state()).toMatchObject({ status: "ready", older: false })
  } finally {
    server.close()
    server.closeAllConnections()
  }
})
