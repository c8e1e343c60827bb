/** What the golden database of a version holds, and how such a script is written. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite"
import type { Storage } from "@atrium/core/storage/Storage"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Lane from "../support/Lane.ts"
import { scopeOf } from "../support/Opened.ts"

type Service = Storage["Service"]

const users = ["alice", "böb"]
const tenant = { id: "tenant", name: "Acme", plan: "pro" }
const user = (id: string) => ({ id, name: `Name of ${id}`, properties: { plan: "pro", age: 7 } })
const agent = (owner: string | null) => ({
  id: `agent of ${owner}`,
  template: "helper",
  owner,
  tags: ["a", "b"],
  state: "active" as const,
  ref: null,
  createdAt: 1,
  lastTurnAt: 2
})
const key = (id: string) => ({
  id: `key of ${id}`,
  tenantId: tenant.id,
  hash: `hash of ${id}`,
  prefix: "atr",
  name: "k",
  scopes: ["turns"],
  user: id,
  expiresAt: 5,
  revokedAt: null,
  madeBy: null
})

const archive = (userId: string | null) => ({ kind: "agent" as const, id: "agent", userId })
const block = (userId: string | null) => ({
  id: `block of ${userId}`,
  agentId: "agent",
  userId,
  conversationId: null,
  label: "human",
  description: "Who it is.",
  value: "Likes tea.",
  owner: "user" as const,
  limit: 2000,
  readOnly: false,
  revision: 1,
  trust: "user" as const,
  at: 3
})
const write = {
  expected: 1,
  value: "Likes\u0000 coffee.",
  by: "agent",
  turnId: "turn",
  trust: "derived" as const,
  at: 4
}
const passage = (userId: string | null) => ({
  id: `passage of ${userId}`,
  archive: archive(userId),
  text: "Tea is \ud83c\udf75.",
  document: userId === null ? "tea.md" : null,
  from: 0,
  to: 9,
  tags: ["t"],
  at: 5
})
const document = {
  source: "handbook",
  name: "tea.md",
  title: "Tea",
  text: "Tea is \ud83c\udf75.",
  digest: "d",
  passages: ["passage of null"],
  at: 6
}
const row = (userId: string | null) => ({
  turnId: `turn of ${userId}`,
  sequence: 2,
  conversationId: "conversation",
  agentId: "agent",
  userId,
  at: 7,
  call:
    userId === null
      ? null
      : {
          purpose: "chat",
          model: "m",
          finish: "stop",
          usage: { input: 10, cached: 1, output: 5, reasoning: 2, microUsd: 9 }
        },
  turns: 1,
  messages: 2
})
const words = new Map([
  ["tea", 2],
  ["cup", 1]
])

/** Writes into the stores of memory and the ledger what belongs to `userId`. */
const plantMemory = Effect.fnUntraced(function* ({ stores }: Service, userId: string | null) {
  const scope = yield* scopeOf(userId ?? undefined)
  yield* stores.blocks.insert(scope, [block(userId)])
  yield* stores.blocks.write(scope, block(userId).id, write)
  yield* stores.passages.insert(scope, [passage(userId)])
  yield* stores.words.add(scope, archive(userId), [{ item: passage(userId).id, words }], 7)
  yield* stores.documents.save(scope, document)
  yield* stores.ledger.append(scope, [row(userId)])
})

const examineMemory = Effect.fnUntraced(function* ({ stores }: Service, userId: string | null) {
  const scope = yield* scopeOf(userId ?? undefined)
  const { at, by, trust, turnId, value } = write
  const [found, ...more] = (yield* stores.blocks.list(scope, "agent", null)).toReversed()
  assert.deepStrictEqual(found, { ...block(userId), value, trust, at, revision: 2 })
  assert.strictEqual(more.length, userId === null ? 0 : 1)
  assert.deepStrictEqual(yield* stores.blocks.changes(scope, block(userId).id, 9, 9), [
    { revision: 2, replaced: block(userId).value, by, turnId, trust, at }
  ])
  const passages = yield* stores.passages.list(scope, archive(userId), { tags: ["t"] })
  assert.deepStrictEqual(passages.items, [passage(userId)])
  const [hit] = yield* stores.words.search(scope, [archive(userId)], ["tea"], 9)
  assert.strictEqual(hit?.item, passage(userId).id)
  assert.deepStrictEqual(yield* stores.words.marks(scope, [archive(userId)]), [7])
  const kept = yield* stores.documents.find(scope, document.source, document.name)
  assert.deepStrictEqual(Option.getOrThrow(kept), document)
  const rows = (yield* stores.ledger.list(scope, {})).items
  assert.deepStrictEqual(
    rows.filter((one) => one.turnId === row(userId).turnId),
    [row(userId)]
  )
})

/** Neither fails nor writes long texts, and ends every other turn. */
const steady = () => {
  let i = 0
  return () => [0.5, 0.3, 0.6, 0.4, 0.7][i++ % 5] ?? 0
}

/** Writes something into every table. */
export const plant = Effect.fnUntraced(function* (storage: Service) {
  const { maintenance, stores } = storage
  yield* maintenance.saveTenant(tenant)
  for (const id of [null, ...users]) yield* plantMemory(storage, id)
  for (const id of users) {
    const scope = yield* scopeOf(id)
    yield* stores.users.save(scope, user(id))
    yield* stores.keys.save(scope, key(id))
    for (const owner of [id, null]) yield* stores.agents.save(scope, agent(owner))
    yield* stores.bindings.pin(scope, { template: "helper", owner: id }, `agent of ${id}`)
    yield* stores.bindings.attach(scope, { agentId: "agent of null", userId: id })
    yield* Lane.open(storage, scope)
    const random = steady()
    for (let i = 0; i < 9; i++) yield* Lane.act(storage, scope, random)
    yield* stores.messages.skip(scope, Lane.idOf(scope), 1)
  }
})

/** Everything that `plant` wrote is there, and the storage goes on from it. */
export const examine = Effect.fnUntraced(function* (storage: Service) {
  const { maintenance, stores } = storage
  assert.deepStrictEqual((yield* maintenance.listTenants({})).items, [tenant])
  for (const id of [null, ...users]) yield* examineMemory(storage, id)
  for (const id of users) {
    const scope = yield* scopeOf(id)
    assert.deepStrictEqual(Option.getOrThrow(yield* stores.users.find(scope, id)), user(id))
    assert.deepStrictEqual(Option.getOrThrow(yield* maintenance.findKey(`hash of ${id}`)), key(id))
    const agents = yield* stores.agents.list(scope, { tags: ["b"] })
    assert.deepStrictEqual(agents.items, [agent(id), agent(null)])
    const pin = yield* stores.bindings.find(scope, { template: "helper", owner: id })
    assert.deepStrictEqual(pin, Option.some(`agent of ${id}`))
    assert.strictEqual((yield* stores.bindings.list(scope, {}, {})).items.length, 1)
    const before = yield* Lane.examine(storage, scope)
    assert.isAbove(before.size, 2)
    const recent = yield* stores.messages.recent(scope, Lane.idOf(scope), before.size + 1, 1000)
    const first = yield* stores.messages.ofTurn(scope, Lane.idOf(scope), 1)
    assert.isFalse(
      recent.some((message) => message.id === first[0]?.id),
      "skipped"
    )
    const random = steady()
    for (let i = 0; i < 4; i++) yield* Lane.act(storage, scope, random)
    yield* Lane.examine(storage, scope)
  }
})

const literal = (value: SQLOutputValue | undefined): string => {
  if (value === null || value === undefined) return "NULL"
  if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`
  return `${value}`
}

/** What the tables of a database look like. */
export const schemaOf = (db: DatabaseSync): ReadonlyArray<string> =>
  db
    .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name")
    .all()
    .map(({ sql }) => `${sql}`.replaceAll(/\s+/g, " "))

/** A script that builds a database as this one is. */
export const scriptOf = (db: DatabaseSync): string => {
  const [application] = Object.values(db.prepare("PRAGMA application_id").get() ?? {})
  const lines = [`PRAGMA application_id = ${application};`, ...schemaOf(db).map((sql) => `${sql};`)]
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
  for (const { name } of tables.all()) {
    for (const row of db.prepare(`SELECT * FROM "${name}"`).all()) {
      const columns = Object.keys(row).map((column) => `"${column}"`)
      const values = Object.values(row).map(literal)
      lines.push(`INSERT INTO "${name}" (${columns.join(", ")}) VALUES (${values.join(", ")});`)
    }
  }
  return `${lines.join("\n")}\n`
}
