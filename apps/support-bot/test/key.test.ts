/** The key of the printed line: where it lies, who can see it, and what it opens. */
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
import { dirname, join } from "node:path"
import { Maintenance } from "@atrium/core/tenancy/Maintenance"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Sqlite from "@atrium/storage-sqlite/Sqlite"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { expect, test } from "vitest"
import { placesOf } from "./Places.ts"
import { type Environment, refused, type Server } from "./Server.ts"
import { chat, headerOf, keyFileOf, lineOf, paste } from "./Terminal.ts"

const { database, scratch, serve } = placesOf("key")

const place = () => {
  const file = database()
  return { env: { ATRIUM_DB: file }, file, keyFile: file.replace(/\.db$/, ".key") }
}

const secretIn = (file: string): string => readFileSync(file, "utf8").trim().replace(/^.* /, "")

const ask = async (
  { url }: Server,
  path: string,
  headers: Environment,
  body?: object
): Promise<{ readonly status: number; readonly json: unknown }> => {
  const answer = await fetch(`${url}${path}`, {
    headers: { ...headers, "content-type": "application/json" },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) })
  })
  return { status: answer.status, json: await answer.json() }
}

/** Does something with a database that no app has open. */
const inDatabase = <A, E>(
  file: string,
  work: Effect.Effect<A, E, Maintenance | TenantResolver>
): Promise<A> =>
  Effect.runPromise(
    work.pipe(
      Effect.provide(
        Layer.merge(Maintenance.layer, TenantResolver.layerApiKeys).pipe(
          Layer.provide(Sqlite.layer({ file }))
        )
      )
    )
  )

const opens = (secret: string) =>
  Effect.flatMap(TenantResolver, (resolver) =>
    Effect.option(resolver.resolve(Redacted.make(secret)))
  )

test("the line holds no secret, and nothing that a shell would put one in for", async () => {
  const { env, keyFile } = place()
  const server = await serve(env)
  const line = lineOf(server)
  const secret = secretIn(keyFile)
  expect(secret).toMatch(/^atr_[\w-]{43}$/)
  expect(server.said()).not.toContain(secret.slice(0, 12))
  // What a shell leaves as it is, is what `ps` shows.
  expect(line).not.toMatch(/[$`]/)
  expect(keyFileOf(server)).toBe(keyFile)
  expect(await paste(line)).toMatchObject({ user_id: "alice" })
  if (process.platform !== "win32") expect(statSync(keyFile).mode & 0o777).toBe(0o600)
  // A key that the database does not know is replaced.
  await server.stop()
  writeFileSync(keyFile, "atr_of_another_database")
  const again = await serve(env)
  expect(await chat(again, "alice", "Hello")).toMatchObject({ user_id: "alice" })
}, 60_000)

test("the key asks for users, and does nothing else", async () => {
  const { env } = place()
  const server = await serve(env)
  const header = headerOf(server)
  const key = (scopes: ReadonlyArray<string>) => ({ name: "k", scopes, user: "alice" })
  const asked = await Promise.all([
    ask(server, "/chat", header, { user_id: "alice", message: "Hello" }),
    ask(server, "/v1/users", header),
    ask(server, "/v1/keys", header),
    ask(server, "/v1/keys", header, key(["turns"])),
    ask(server, "/v1/sources/knowledge/documents", header),
    ask(server, "/v1/agents", header)
  ])
  expect(asked.map(({ status }) => status)).toEqual([200, 403, 403, 403, 403, 403])
  // Nor does what it hands out.
  const made = await ask(server, "/v1/tokens", header, { userId: "alice" })
  expect(made.json).toMatchObject({ key: { scopes: ["turns"], user: "alice" } })
}, 30_000)

test("the page's tokens read and write what the page shows, and no more", async () => {
  const { env } = place()
  const server = await serve(env)
  const { json } = await ask(server, "/demo/token", {}, { name: "Alice" })
  const header = { authorization: `Bearer ${Reflect.get(Object(json), "token")}` }
  expect((await ask(server, "/v1/limits", header)).status).toBe(200)
  expect((await ask(server, "/v1/agents", header)).status).toBe(403)
  const opened = await ask(server, "/v1/conversations", header, { template: "support" })
  const agent = Reflect.get(Object(opened.json), "agentId")
  expect((await ask(server, `/v1/agents/${agent}/blocks`, header)).status).toBe(200)
}, 30_000)

test("a key of an earlier start that may do more is replaced, and opens nothing any more", async () => {
  const { env, file, keyFile } = place()
  await (await serve(env)).stop()
  const wide = Redacted.value(
    await inDatabase(
      file,
      Effect.flatMap(Maintenance, ({ operatorKey }) => operatorKey("puddlewick"))
    )
  )
  for (const text of [`${wide}\n`, `Authorization: Bearer ${wide}\n`]) {
    writeFileSync(keyFile, text)
    const server = await serve(env)
    expect(secretIn(keyFile)).not.toBe(wide)
    expect((await ask(server, "/v1/users", headerOf(server))).status).toBe(403)
    expect(await chat(server, "alice", "Hello")).toMatchObject({ user_id: "alice" })
    const old = { authorization: `Bearer ${wide}` }
    expect((await ask(server, "/v1/users", old)).status).toBe(401)
    await server.stop()
  }
  const kept = secretIn(keyFile)
  await (await serve(env)).stop()
  expect(secretIn(keyFile)).toBe(kept)
  expect((await inDatabase(file, opens(kept)))._tag).toBe("Some")
}, 60_000)

test.skipIf(process.platform === "win32")(
  "takes a key file back from the eyes of others, and follows no link to write it",
  async () => {
    const { env, file, keyFile } = place()
    const server = await serve(env)
    for (const written of ["", "-wal"]) expect(statSync(`${file}${written}`).mode & 0o077).toBe(0)
    await server.stop()
    chmodSync(keyFile, 0o644)
    const kept = await serve(env)
    expect(statSync(keyFile).mode & 0o777).toBe(0o600)
    await kept.stop()
    writeFileSync(keyFile, "atr_of_another_database")
    chmodSync(keyFile, 0o644)
    const made = await serve(env)
    expect(statSync(keyFile).mode & 0o777).toBe(0o600)
    await made.stop()
    const other = join(scratch, "somebody-elses")
    writeFileSync(other, "atr_of_another_database")
    rmSync(keyFile)
    symlinkSync(other, keyFile)
    await serve(env)
    expect(readFileSync(other, "utf8")).toBe("atr_of_another_database")
    expect(lstatSync(keyFile).mode & 0o777).toBe(0o600)
  },
  60_000
)

test.each([
  "-----BEGIN PRIVATE KEY-----\n",
  "atr_a\nX-Other: header\n",
  "Authorization: Bearer x\n"
])(
  "leaves a file of that name that holds no key as it is, and says so: %j",
  async (theirs) => {
    const { env, keyFile } = place()
    mkdirSync(dirname(keyFile), { recursive: true })
    writeFileSync(keyFile, theirs)
    const { code, stderr } = await refused({ ...env, PORT: "0" })
    expect(code).toBe(1)
    expect(stderr).toContain(keyFile)
    expect(stderr).not.toMatch(/BEGIN|X-Other/)
    expect(readFileSync(keyFile, "utf8")).toBe(theirs)
  },
  60_000
)
