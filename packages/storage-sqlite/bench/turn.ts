/**
 * What the storage's share of a turn costs: the two transactions that the pipeline makes, without
 * the pipeline. `node --conditions=@atrium/source bench/turn.ts [turns] [power|process]`
 */
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as StorageSql from "@atrium/storage-sql/StorageSql"
import * as Effect from "effect/Effect"
import * as GroupCommit from "../src/GroupCommit.ts"
import * as SqliteConnection from "../src/SqliteConnection.ts"
import * as SqliteDatabase from "../src/SqliteDatabase.ts"
import { sqliteDialect } from "../src/SqliteDialect.ts"
import { begin, commit, conversationOf, open, type Who } from "./workload.ts"

const turns = Number(process.argv[2] ?? 10_000)
const durability = process.argv[3] === "power" ? "power" : "process"
const users = Number(process.argv[4] ?? 1000)
const folder = mkdtempSync(join(tmpdir(), "atrium-bench-"))
const file = join(folder, "bench.db")

const show = (what: string, value: string) => console.log(what.padEnd(48), value)

/** CPU and wall time in microseconds for each of `count`. */
const measured = Effect.fnUntraced(function* (
  what: string,
  count: number,
  self: Effect.Effect<unknown, unknown, Storage>
) {
  const cpu = process.cpuUsage()
  const start = performance.now()
  yield* self
  const { system, user } = process.cpuUsage(cpu)
  const wall = ((performance.now() - start) * 1000) / count
  show(
    what,
    `cpu ${((user + system) / count).toFixed(1)} us (${(system / count).toFixed(1)} system), wall ${wall.toFixed(1)} us`
  )
})

let number = 0
const turn = Effect.fnUntraced(function* (who: ReadonlyArray<Who>) {
  const n = number++
  const one = who[(n * 7919) % who.length]
  if (one === undefined) return
  const began = yield* begin(one, n)
  yield* commit(one, began)
})

const program = Effect.fnUntraced(function* (group: GroupCommit.GroupCommit) {
  const { stores } = yield* Storage
  const who = yield* Effect.forEach(Array.from({ length: users }), (_, i) => open(`user-${i}`))
  const size = () => statSync(file).size
  const many = (count: number, concurrency: number) =>
    Effect.forEach(Array.from({ length: count }), () => turn(who), { concurrency, discard: true })
  yield* many(Math.min(turns, 5000), 1)
  for (let round = 0; round < 3; round++) {
    yield* measured("a turn, one after another", turns, many(turns, 1))
    const before = group.counts()
    yield* measured("a turn, 50 in flight", turns, many(turns, 50))
    const { commits, transactions } = group.counts()
    const size = (transactions - before.transactions) / (commits - before.commits)
    show("transactions to a commit", size.toFixed(1))
  }
  const [one] = who
  if (one === undefined) return
  yield* measured(
    "conversations.find",
    turns,
    Effect.forEach(
      Array.from({ length: turns }),
      () => stores.conversations.find(one.scope, conversationOf(one)),
      { discard: true }
    )
  )
  yield* Effect.sync(() => show("file, not yet checkpointed", `${size()} bytes`))
})

/** The storage as `Sqlite.layer` makes it, and the group commit that it stands on. */
const opened = Effect.gen(function* () {
  const db = yield* SqliteDatabase.open(file, durability)
  const group = GroupCommit.make(db, SqliteConnection.make(db))
  const storage = yield* StorageSql.make({
    dialect: sqliteDialect,
    transactor: group,
    durability,
    owners: "one"
  })
  yield* Effect.provideService(program(group), Storage, storage)
})

await opened.pipe(Effect.scoped, Effect.provide(TenantResolver.layerTrusted), Effect.runPromise)

const db = new DatabaseSync(file)
for (const row of db
  .prepare("SELECT name, sum(payload) bytes, sum(pgsize) pages FROM dbstat GROUP BY name")
  .all()) {
  const per =
    `${row["name"]}`.startsWith("conversations") || row["name"] === "users" ? users : number
  show(
    `  ${row["name"]}`,
    `${(Number(row["bytes"]) / per).toFixed(0)} bytes of payload, ${(Number(row["pages"]) / per).toFixed(0)} of pages`
  )
}
db.close()
rmSync(folder, { recursive: true })
