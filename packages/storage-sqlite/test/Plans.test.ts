/** How SQLite runs the statements: each by the index it is meant for, whatever lies in the tables. */
import { DatabaseSync } from "node:sqlite"
import { stores } from "@atrium/storage-sql/migrations/stores"
import { compile, make, type Sql } from "@atrium/storage-sql/Statement"
import { makeAgentStore } from "@atrium/storage-sql/stores/Agents"
import { makeBindingStore } from "@atrium/storage-sql/stores/Bindings"
import { makeBlockStore } from "@atrium/storage-sql/stores/Blocks"
import { makeConversationStore } from "@atrium/storage-sql/stores/Conversations"
import { makeDocumentStore } from "@atrium/storage-sql/stores/Documents"
import { makeKeyStore } from "@atrium/storage-sql/stores/Keys"
import { makeLedgerStore } from "@atrium/storage-sql/stores/Ledger"
import { makeLimitStore } from "@atrium/storage-sql/stores/Limits"
import { makeMaintenanceStore } from "@atrium/storage-sql/stores/Maintenance"
import { makeMessageStore } from "@atrium/storage-sql/stores/Messages"
import { makePassageStore } from "@atrium/storage-sql/stores/Passages"
import { makeTurnStore } from "@atrium/storage-sql/stores/Turns"
import { makeUserStore } from "@atrium/storage-sql/stores/Users"
import { makeWordStore } from "@atrium/storage-sql/stores/Words"
import { assert, describe, it } from "@effect/vitest"
import * as GroupCommit from "../src/GroupCommit.ts"
import * as SqliteConnection from "../src/SqliteConnection.ts"
import { sqliteDialect } from "../src/SqliteDialect.ts"

const db = new DatabaseSync(":memory:")
for (const statement of stores.statements(sqliteDialect)) db.exec(statement)

/** Every text that the stores compile. */
const texts = (): ReadonlyArray<string> => {
  const found: Array<string> = []
  const sql = make(sqliteDialect, GroupCommit.make(db, SqliteConnection.make(db)))
  const noting =
    <A>(compileIt: (text: string) => A) =>
    (text: string): A => {
      found.push(compile(sqliteDialect, text).replaceAll(/\s+/g, " "))
      return compileIt(text)
    }
  const noted: Sql = {
    ...sql,
    read: noting(sql.read),
    write: noting(sql.write),
    change: noting(sql.change)
  }
  for (const store of [
    makeAgentStore,
    makeBindingStore,
    makeBlockStore,
    makeConversationStore,
    makeDocumentStore,
    makeKeyStore,
    makeLedgerStore,
    makeLimitStore,
    makeMaintenanceStore,
    makeMessageStore,
    makePassageStore,
    makeTurnStore,
    makeUserStore,
    makeWordStore
  ]) {
    store(noted)
  }
  return found
}

/** What reads more than the rows it is about, and may: lists of a tenant, and rare housekeeping. */
const wide = [
  /from (users|agents|keys|conversations|attachments|ledger) where tenant = \? (and \(|order|and user_id = coalesce)/,
  /from tenants where 1 = 1/,
  /from conversations where unended > 0 and owner <> ''/,
  /from limits where at < \?/
]

/** What a statement made itself of what it was given or had read by a key. */
const small = "newest|json_each|given|seen|asked|total|hits|counts|weights"

const planOf = (text: string): ReadonlyArray<string> =>
  db
    .prepare(`EXPLAIN QUERY PLAN ${text}`)
    .all()
    .map(({ detail }) => `${detail}`)

describe("the plan of", () => {
  const all = texts()

  it("every statement is looked at", () => assert.isAbove(all.length, 110))

  it("no statement is compiled anew when it is bound", () => {
    assert.deepStrictEqual(
      all.filter((text) => /limit \?\d*(?! \+)/.test(text)),
      []
    )
  })

  for (const text of all.filter((one) => !wide.some((pattern) => pattern.test(one)))) {
    it(`${text.slice(0, 110)} reads by a narrow key`, () => {
      for (const step of planOf(text)) {
        assert.notMatch(step, new RegExp(`^SCAN (?!${small}|\\(subquery|CONSTANT)`))
        assert.notMatch(step, /\(tenant=\?\)/, "by the tenant alone")
      }
    })
  }
})
