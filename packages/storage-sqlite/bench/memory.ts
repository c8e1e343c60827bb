/**
 * What memory costs on SQLite: passages indexed a second, a search of an archive, a ledger row in a
 * transaction. `node --conditions=@atrium/source bench/memory.ts [power|process]`
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { StorageError } from "@atrium/core/errors"
import { Storage } from "@atrium/core/storage/Storage"
import type { WordItem } from "@atrium/core/storage/WordStore"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Effect from "effect/Effect"
import * as Sqlite from "../src/Sqlite.ts"
import { randomOf } from "../test/support/Lane.ts"

const durability = process.argv[2] === "power" ? "power" : "process"
const folder = mkdtempSync(join(tmpdir(), "atrium-bench-"))
const file = join(folder, "bench.db")
const random = randomOf(1)
const idOf = (kind: string, n: number): string => `${kind}_${`${n}`.padStart(22, "0")}`

const show = (what: string, value: string) => console.log(what.padEnd(48), value)

/** Words as often as in a language: the nth word about 1/n as often as the first, of 20,000. */
const word = () => `w${Math.floor(20_000 ** random())}`

/** A passage of 35 words. */
const itemOf = (n: number): WordItem => {
  const words = new Map<string, number>()
  for (let i = 0; i < 35; i++) {
    const one = word()
    words.set(one, (words.get(one) ?? 0) + 1)
  }
  return { item: idOf("passage", n), words }
}

const text = "What it says is two lines long, as most are, and is read by a model. ".repeat(3)

/** What `self` costs in milliseconds of CPU, so that a busy machine counts less. */
const cpuOf = <A, R>(self: Effect.Effect<A, StorageError, R>) =>
  Effect.suspend(() => {
    const start = process.cpuUsage()
    return Effect.map(self, () => {
      const { system, user } = process.cpuUsage(start)
      return (system + user) / 1000
    })
  })

const quantile = (times: ReadonlyArray<number>, at: number): string =>
  (times.toSorted((a, b) => a - b)[Math.floor(times.length * at)] ?? 0).toFixed(2)

const program = Effect.gen(function* () {
  const { stores, transact } = yield* Storage
  const resolver = yield* TenantResolver
  const scope = yield* resolver.renew({ tenant: "tenant", user: "user", scopes: [] })
  let made = 0
  for (const size of [1000, 10_000]) {
    const archive = { kind: "agent" as const, id: idOf("agent", size), userId: "user" }
    let spent = 0
    for (let done = 0; done < size; done += 100) {
      const items = Array.from({ length: 100 }, () => itemOf(made++))
      const passages = items.map(({ item }) => ({
        ...{ id: item, archive, text, document: null, from: 0, to: text.length, tags: [], at: 1 }
      }))
      spent += yield* cpuOf(
        transact(
          Effect.andThen(
            stores.passages.insert(scope, passages),
            stores.words.add(scope, archive, items, made)
          )
        )
      )
    }
    show(`passages a second, up to ${size}`, ((size / spent) * 1000).toFixed(0))
    for (const asked of [5, 40]) {
      const times: Array<number> = []
      for (let i = 0; i < 200; i++) {
        const words = Array.from({ length: asked }, word)
        times.push(yield* cpuOf(stores.words.search(scope, [archive], words, 10)))
      }
      show(
        `search of ${asked} words in ${size} items`,
        `p50 ${quantile(times, 0.5)} ms, p95 ${quantile(times, 0.95)} ms`
      )
    }
  }
  const archives = Array.from({ length: 100 }, (_, i) => ({
    ...{ kind: "conversation" as const, id: idOf("conversation", i), userId: "user" }
  }))
  for (const archive of archives) {
    yield* stores.words.add(
      scope,
      archive,
      Array.from({ length: 50 }, () => itemOf(made++)),
      1
    )
  }
  const times: Array<number> = []
  for (let i = 0; i < 100; i++) {
    const words = Array.from({ length: 40 }, word)
    times.push(yield* cpuOf(stores.words.search(scope, archives, words, 10)))
  }
  show(
    "search of 40 words in 100 archives of 50",
    `p50 ${quantile(times, 0.5)} ms, p95 ${quantile(times, 0.95)} ms`
  )

  const count = 20_000
  let n = 0
  const row = () => ({
    ...{ turnId: idOf("turn", n), sequence: 2, conversationId: idOf("conversation", n % 100) },
    ...{ agentId: idOf("agent", 7), userId: "user", at: 1_800_000_000_000 + n++, turns: 1 },
    messages: 2,
    call: {
      purpose: "chat",
      model: "a-model",
      usage: { input: 812, cached: 0, output: 24, reasoning: 0, microUsd: 90 },
      finish: "stop"
    }
  })
  const many = (size: number, append: boolean) =>
    cpuOf(
      Effect.forEach(
        Array.from({ length: count / size }),
        () =>
          transact(
            Effect.forEach(
              Array.from({ length: size }),
              () =>
                Effect.suspend(() => (append ? stores.ledger.append(scope, [row()]) : Effect.void)),
              { discard: true }
            )
          ),
        { discard: true }
      )
    )
  for (let round = 0; round < 3; round++) {
    const [without, alone] = [yield* many(100, false), yield* many(100, true)]
    show(
      "ledger.append, 100 to a transaction",
      `${(((alone - without) * 1000) / count).toFixed(1)} us`
    )
  }
  const total = yield* cpuOf(stores.ledger.total(scope, 0, 1_800_000_000_000 + n))
  show(`ledger.total of ${n} rows`, `${total.toFixed(1)} ms`)
})

await program.pipe(
  Effect.provide([Sqlite.layer({ file, durability }), TenantResolver.layerTrusted]),
  Effect.runPromise
)

const db = new DatabaseSync(file)
for (const table of ["passages", "words", "postings"]) {
  const pages = db.prepare(
    `SELECT sum(pgsize) / (SELECT count(*) FROM words) bytes FROM dbstat
     WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name = ?)`
  )
  show(`  ${table}`, `${pages.get(table)?.["bytes"]} bytes of pages an item`)
}
db.close()
rmSync(folder, { recursive: true })
