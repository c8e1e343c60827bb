import { readFileSync } from "node:fs"
import * as FakeModel from "@atrium/testing/FakeModel"
import { describe, expect, test } from "vitest"
import { ask, json, processes } from "./Processes.ts"
import type { Environment } from "./Server.ts"

const { chat, ends, place, serve } = processes()

describe("what it answers", () => {
  test("[075] 200, 400 for a bad body, 500 for a failed answer without a stack", async () => {
    const model = await FakeModel.start()
    ends.push(model.close)
    const env = place()
    const server = await serve({ ...env, OPENAI_BASE_URL: model.url, ATRIUM_MODEL: "openai/fake" })
    const key = readFileSync((env["ATRIUM_DB"] ?? "").replace(/\.db$/, ".key"), "utf8").trim()
    const headers = { ...json, authorization: `Bearer ${key}` }
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
