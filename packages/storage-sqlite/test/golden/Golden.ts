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
  revokedAt: null
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
