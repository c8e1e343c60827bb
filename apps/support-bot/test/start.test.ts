import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { createServer } from "node:http"
import { dirname, join } from "node:path"
import { describe, expect, test } from "vitest"
import { lineOf, processes } from "./Processes.ts"
import { type Environment, refused, start } from "./Server.ts"

const { chat, ends, page, paste, place, scratch, serve } = processes()

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

  test("prints no secret: the key lies in a file that only its owner reads", async () => {
    const env = place()
    const server = await serve(env)
    const file = (env["ATRIUM_DB"] ?? "").replace(/\.db$/, ".key")
    const secret = readFileSync(file, "utf8").trim()
    expect(secret).toMatch(/^atr_/)
    expect(server.said()).not.toContain(secret.slice(0, 12))
    if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600)
    // A key that the database does not know is replaced.
    await server.stop()
    writeFileSync(file, "atr_of_another_database")
    const again = await serve(env)
    expect(await chat(again, "alice", "Hello")).toMatchObject({ user_id: "alice" })
  }, 60_000)

  test.skipIf(process.platform === "win32")(
    "takes a key file back from the eyes of others, and follows no link to write it",
    async () => {
      const env = place()
      const server = await serve(env)
      const file = (env["ATRIUM_DB"] ?? "").replace(/\.db$/, ".key")
      for (const written of ["", "-wal"]) {
        expect(statSync(`${env["ATRIUM_DB"]}${written}`).mode & 0o077).toBe(0)
      }
      await server.stop()
      chmodSync(file, 0o644)
      const kept = await serve(env)
      expect(statSync(file).mode & 0o777).toBe(0o600)
      await kept.stop()
      writeFileSync(file, "atr_of_another_database")
      chmodSync(file, 0o644)
      const made = await serve(env)
      expect(statSync(file).mode & 0o777).toBe(0o600)
      await made.stop()
      const other = join(scratch, "somebody-elses")
      writeFileSync(other, "atr_of_another_database")
      rmSync(file)
      symlinkSync(other, file)
      await serve(env)
      expect(readFileSync(other, "utf8")).toBe("atr_of_another_database")
      expect(lstatSync(file).mode & 0o777).toBe(0o600)
    },
    60_000
  )

  test("leaves a file of that name that holds no key as it is, and says so", async () => {
    const env = place()
    const file = (env["ATRIUM_DB"] ?? "").replace(/\.db$/, ".key")
    mkdirSync(dirname(file), { recursive: true })
    const theirs = "-----BEGIN PRIVATE KEY-----\n"
    writeFileSync(file, theirs)
    const { code, stderr } = await refused({ ...env, PORT: "0" })
    expect(code).toBe(1)
    expect(stderr).toContain(file)
    expect(stderr).not.toContain("BEGIN")
    expect(readFileSync(file, "utf8")).toBe(theirs)
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
