import { mkdirSync, writeFileSync } from "node:fs"
import { createServer, request } from "node:http"
import { join } from "node:path"
import * as FakeModel from "@atrium/testing/FakeModel"
import { describe, expect, test } from "vitest"
import { placesOf } from "./Places.ts"
import { type Environment, refused, type Server, start } from "./Server.ts"
import { chat, headerOf, lineOf, paste } from "./Terminal.ts"

const { database, ends, page, scratch, serve: serveIn } = placesOf("start")
const place = (): Environment => ({ ATRIUM_DB: database() })
const serve = (env: Environment = place()): Promise<Server> => serveIn(env)

/** A request with nothing of its own. */
const ask = (
  { port }: Server,
  path: string,
  { body, headers = {}, method = "POST" }: { body?: string; headers?: Environment; method?: string }
): Promise<{ readonly status: number; readonly text: string; readonly headers: unknown }> =>
  new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, path, method, headers, agent: false },
      (got) => {
        let text = ""
        got.setEncoding("utf8").on("data", (more: string) => {
          text += more
        })
        got.on("end", () => resolve({ status: got.statusCode ?? 0, text, headers: got.headers }))
      }
    )
    sent.on("error", reject)
    sent.end(body)
  })

const json = { "content-type": "application/json" }

describe("start", () => {
  test("[074] prints address, model, database and a curl line that works as pasted", async () => {
    const env = place()
    const server = await serve(env)
    expect(server.said()).toContain("Model      demo/offline: the demonstration model, no AI")
    expect(server.said()).toContain(`Database   ${env["ATRIUM_DB"]}\n`)
    expect(server.said()).toContain(`Page       http://127.0.0.1:${server.port}\n`)
    expect(server.said()).toMatch(/Knowledge {2}reading 2\d pages\nKnowledge {2}2\d added\n/)
    const answered = await paste(lineOf(server))
    expect(answered).toMatchObject({ user_id: "alice" })
    expect(answered).toHaveProperty("reply", expect.stringContaining("5 working days"))

    // The four calls of the seed.
    await chat(server, "user-a", "My name is Alice")
    const a = await chat(server, "user-a", "What is my name?")
    expect(a).toMatchObject({
      user_id: "user-a",
      reply: expect.stringContaining("Your name is Alice")
    })
    await chat(server, "user-b", "My name is Bob")
    const b = await chat(server, "user-b", "What is my name?")
    expect(b).toMatchObject({
      user_id: "user-b",
      reply: expect.stringContaining("Your name is Bob")
    })
  }, 60_000)

  test("listens on the port that PORT says, and on 8080 without it", async () => {
    const { port, stop } = await start(page, place())
    await stop()
    const server = await serve({ ...place(), PORT: String(port) })
    expect(server.port).toBe(port)
    // Whoever has that port now, a start without PORT wants it too.
    const first = createServer()
    await new Promise<void>((done) => {
      first.once("error", () => done()).listen(8080, "127.0.0.1", done)
    })
    ends.push(() => new Promise((done) => first.close(done)))
    expect((await refused(place())).stderr).toContain("PORT 8080 is taken.")
  }, 60_000)

  test("keeps key, conversations and knowledge over a restart", async () => {
    const env = place()
    const first = await serve(env)
    await chat(first, "alice", "My name is Alice")
    const line = lineOf(first)
    expect((await first.stop()).code).toBe(0)
    const second = await serve({ ...env, PORT: String(first.port) })
    expect(second.said()).toMatch(/Knowledge {2}nothing changed, 2\d pages kept\n/)
    expect(lineOf(second)).toBe(line)
    expect(await chat(second, "alice", "What is my name?")).toMatchObject({
      reply: expect.stringContaining("Alice")
    })
  }, 60_000)

  test("refuses a second start on the same database, and says who has it", async () => {
    const env = place()
    const first = await serve(env)
    const second = await refused({ ...env, PORT: "0" })
    expect(second.code).toBe(1)
    expect(second.stderr).toContain(`process ${first.pid} on `)
    expect(second.stderr).not.toMatch(/\n\s+at /)
    expect(await chat(first, "alice", "Hello")).toMatchObject({ user_id: "alice" })
  }, 60_000)

  test("refuses a port that is taken, naming PORT", async () => {
    const { port } = await serve()
    const second = await refused({ ...place(), PORT: String(port) })
    expect(second.code).toBe(1)
    expect(second.stderr).toBe(
      `PORT ${port} is taken. Stop what listens there, or set PORT to another one.\n`
    )
  }, 60_000)

  test.each([
    ["PORT", { PORT: "http" }],
    ["PORT", { PORT: "80 80" }],
    ["PORT", { PORT: "65536" }],
    ["PORT", { PORT: "-1" }],
    ["ATRIUM_DB", { ATRIUM_DB: "/dev/null/support.db" }],
    ["ATRIUM_DB", { ATRIUM_DB: "data/" }],
    ["OPENAI_BASE_URL", { OPENAI_BASE_URL: "not a url" }],
    ["OPENAI_API_KEY", { OPENAI_API_KEY: "two words" }],
    ["ATRIUM_MODEL", { OPENAI_API_KEY: "sk-test", ATRIUM_MODEL: "gpt" }],
    ["ATRIUM_MODEL", { OPENAI_API_KEY: "sk-test", ATRIUM_MODEL: "other/model" }]
  ])("refuses a wrong %s by name: %j", async (name, env: Environment) => {
    const { code, stderr } = await refused({ ...place(), ...env })
    expect(code).toBe(1)
    expect(stderr).toContain(name)
    expect(stderr).not.toMatch(/\n\s+at |sk-test|two words/)
    expect(stderr.trim().split("\n")).toHaveLength(1)
  })

  test("refuses knowledge that is no text", async () => {
    const folder = join(scratch, "knowledge")
    mkdirSync(folder)
    writeFileSync(join(folder, "broken.md"), Buffer.from([0x23, 0xff, 0xfe]))
    const { code, stderr } = await refused({ ...place(), PORT: "0" }, [page, folder])
    expect(code).toBe(1)
    expect(stderr).toContain("cannot be read as Markdown pages in UTF-8")
  }, 30_000)
})

describe("what it answers", () => {
  test("[075] 200, 400 for a bad body, 500 for a failed answer without a stack", async () => {
    const model = await FakeModel.start()
    ends.push(model.close)
    const env = place()
    const server = await serve({ ...env, OPENAI_BASE_URL: model.url, ATRIUM_MODEL: "openai/fake" })
    const headers = { ...json, ...headerOf(server) }
    const chat = (body: string) => ask(server, "/chat", { body, headers })
    const good = JSON.stringify({ user_id: "alice", message: "Hello" })
    expect((await chat(good)).status).toBe(200)
    for (const bad of [
      "",
      "{",
      "[]",
      "{}",
      '{"user_id":"alice"}',
      '{"user_id":"","message":"x"}'
    ]) {
      expect((await chat(bad)).status).toBe(400)
    }
    const message = "secret words of the vendor"
    model.plan({ _tag: "Fails", status: 500, message }, { times: 3 })
    const failed = await chat(good)
    expect(failed.status).toBe(500)
    expect(failed.text).not.toMatch(/\bat .*\.ts|secret words/)
  }, 60_000)

  test("[090] logs who sent how much and when, and nothing of the text", async () => {
    const server = await serve()
    await chat(server, "user-a", "My shoes are purple")
    const record =
      /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO .*turn sent[^}]*'user.id': 'user-a'[^}]*'input.characters': 19\b/ms
    await expect.poll(server.said, { timeout: 5000 }).toMatch(record)
    expect(server.said()).not.toContain("purple")
  }, 60_000)

  test("serves the page's files with a strict policy, and nothing else of the disk", async () => {
    const server = await serve()
    const index = await ask(server, "/", { method: "GET" })
    expect(index.status).toBe(200)
    expect(index.headers).toMatchObject({
      "content-security-policy": expect.stringMatching(
        /default-src 'none'; script-src 'self'; style-src 'self';.*trusted-types 'none'/
      ),
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer"
    })
    for (const path of ["/../package.json", "/%2e%2e/package.json", "/..%2fserve.ts", "/.env"]) {
      expect((await ask(server, path, { method: "GET" })).status).toBe(404)
    }
    expect(
      (await ask(server, "/", { method: "GET", headers: { host: "evil.example" } })).status
    ).toBe(421)
  }, 30_000)

  test("gives tokens to its own page only, for names that can be users", async () => {
    const server = await serve()
    const token = (body: string, headers: Environment = json) =>
      ask(server, "/demo/token", { body, headers })
    const good = JSON.stringify({ name: "  Ann Lee " })
    const given = await token(good)
    expect(given.status).toBe(200)
    expect(JSON.parse(given.text)).toMatchObject({
      user: "ann-lee",
      orders: [/^PW-\d{6}$/].map((form) => expect.stringMatching(form))
    })
    expect((await token(good, { ...json, origin: "http://evil.example" })).status).toBe(403)
    expect((await token(good, { "content-type": "text/plain" })).status).toBe(415)
    for (const bad of [
      "",
      "{",
      "{}",
      '{"name":7}',
      '{"name":""}',
      '{"name":"  "}',
      '{"name":"a\\u0000"}',
      JSON.stringify({ name: "x".repeat(256) })
    ]) {
      const answer = await token(bad)
      expect([bad, answer.status]).toEqual([bad, 400])
      expect(answer.text).not.toMatch(/\.ts/)
    }
    // Who has a token reaches what is theirs, and no more.
    const bearer = { authorization: `Bearer ${JSON.parse(given.text).token}` }
    expect((await ask(server, "/v1/limits", { method: "GET", headers: bearer })).status).toBe(200)
    expect((await ask(server, "/v1/users", { method: "GET", headers: bearer })).status).toBe(403)
    const acting = {
      body: JSON.stringify({ user_id: "bob", message: "x" }),
      headers: { ...json, ...bearer }
    }
    expect((await ask(server, "/chat", acting)).status).toBe(403)
  }, 30_000)

  test("tells the state of the caller's own orders only", async () => {
    const server = await serve()
    expect(await chat(server, "alice", "Where is my order PW-104233?")).toMatchObject({
      reply: expect.stringContaining("on its way")
    })
    expect(await chat(server, "bob", "Where is my order PW-104233?")).not.toMatchObject({
      reply: expect.stringContaining("on its way")
    })
  }, 30_000)

  test("[004] the prompt holds who it is, and what was learned, over a restart", async () => {
    const model = await FakeModel.start()
    ends.push(model.close)
    const env = { ...place(), OPENAI_BASE_URL: model.url, ATRIUM_MODEL: "openai/fake" }
    /** The messages of the latest prompt that hold a text, by their roles. */
    const holding = (text: string): ReadonlyArray<string> => {
      const body: unknown = model.requests().at(-1)?.body
      const messages: ReadonlyArray<{ role: string }> = Reflect.get(Object(body), "messages")
      return messages
        .filter((message) => JSON.stringify(message).includes(text))
        .map(({ role }) => role)
    }
    const first = await serve(env)
    await chat(first, "alice", "Hello")
    for (const line of ["User ID: alice", "Name: unknown", "Preferences: (to be learned)"]) {
      expect([line, holding(line)]).toEqual([line, ["user"]])
    }
    const learned = { label: "human", old: "(to be learned)", text: "tea" }
    model.plan({
      _tag: "Says",
      calls: [{ name: "memory_replace", arguments: JSON.stringify(learned) }]
    })
    await chat(first, "alice", "I like tea")
    await first.stop()
    const second = await serve(env)
    await chat(second, "alice", "Hello again")
    expect(holding("Preferences: tea")).toEqual(["user"])
    expect(holding("User ID: alice")).toEqual(["user"])
    await chat(second, "bob", "Hello")
    expect(holding("User ID: bob")).toEqual(["user"])
    expect(holding("alice")).toEqual([])
    expect(holding("Preferences: (to be learned)")).toEqual(["user"])
  }, 60_000)
})
