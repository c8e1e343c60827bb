/** The file: what is in it, what is refused, and what happens when somebody has been at it. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { StorageError } from "@atrium/core/errors"
import type { Storage } from "@atrium/core/storage/Storage"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Lane from "./support/Lane.ts"
import { folder, freshFile, opened, scopeOf, tampered } from "./support/Opened.ts"

const refusal = (file: string) => Effect.flip(opened(file, () => Effect.void))

const archive = { kind: "agent" as const, id: "agent", userId: "user" }

/** A few turns of a user. */
const planted = (file: string) =>
  Effect.gen(function* () {
    const scope = yield* scopeOf("user")
    const random = Lane.randomOf(7)
    yield* opened(file, (storage) =>
      Effect.gen(function* () {
        yield* Lane.open(storage, scope)
        yield* storage.stores.users.save(scope, { id: "user", name: "U", properties: { n: 1 } })
        for (let i = 0; i < 30; i++) yield* Lane.act(storage, scope, random)
        const { passages, words } = storage.stores
        yield* passages.insert(scope, [
          { id: "p", archive, text: "Tea.", document: null, from: 0, to: 4, tags: ["t"], at: 1 }
        ])
        yield* words.add(scope, archive, [{ item: "p", words: new Map([["tea", 1]]) }], 1)
      })
    )
    return scope
  })

describe("a database file", () => {
  it.live("holds whole numbers as integers, whatever node:sqlite binds them as", () =>
    Effect.gen(function* () {
      const file = yield* freshFile
      yield* planted(file)
      const kinds = yield* tampered(file, (db) => {
        const columns = db
          .prepare(
            `SELECT m.name "table", i.name "column" FROM sqlite_schema m, pragma_table_info(m.name) i
             WHERE m.type = 'table' AND i.type = 'INTEGER'`
          )
          .all()
        return columns.flatMap(({ column, table }) =>
          db
            .prepare(`SELECT DISTINCT typeof("${column}") kind FROM "${table}"`)
            .all()
            .map(({ kind }) => kind)
        )
      })
      assert.isAbove(kinds.length, 15)
      assert.sameMembers([...new Set(kinds)], ["integer", "null"])
    })
  )

  it.live("is one file when it is closed, and holds nothing of what was deleted", () =>
    Effect.gen(function* () {
      const file = yield* freshFile
      const scope = yield* scopeOf("user")
      yield* opened(file, (storage) =>
        Effect.gen(function* () {
          yield* storage.stores.agents.save(scope, {
            id: "a secret agent",
            template: "t",
            owner: "user",
            tags: [],
            state: "active",
            ref: null,
            createdAt: 1,
            lastTurnAt: null
          })
          yield* storage.stores.agents.delete(scope, "a secret agent")
        })
      )
      assert.isFalse(existsSync(`${file}-wal`))
      assert.isFalse(readFileSync(file).includes("a secret agent"))
    })
  )

  it.live(
    "is refused with words that help: no database, another program's, no place to write",
    () =>
      Effect.gen(function* () {
        const made = yield* folder
        const text = join(made, "text.db")
        writeFileSync(
          text,
          "This is not a database, but it is long enough to be taken for one.".repeat(20)
        )
        const other = join(made, "other.db")
        yield* tampered(other, (db) => db.exec("CREATE TABLE theirs (n)"))
        const inFolder = join(made, "folder")
        mkdirSync(inFolder)
        const cases: ReadonlyArray<readonly [string, StorageError["reason"]["_tag"], RegExp]> = [
          [text, "Malformed", /not an SQLite database/],
          [other, "Malformed", /another program/],
          [inFolder, "Unreachable", /cannot be opened.*folder that exists/],
          [join(made, "missing", "test.db"), "Unreachable", /cannot be opened/]
        ]
        for (const [file, tag, words] of cases) {
          const { message, reason } = yield* refusal(file)
          assert.strictEqual(reason._tag, tag, file)
          assert.match(message, words)
          assert.include(message, file)
        }
        const before = yield* tampered(other, (db) =>
          db.prepare("SELECT * FROM sqlite_schema").all()
        )
        assert.strictEqual(before.length, 1, "nothing was added to the other program's database")
      })
  )

  it.live.skipIf(process.getuid?.() === 0)("is refused where it cannot be written", () =>
    Effect.gen(function* () {
      const file = yield* freshFile
      yield* opened(file, () => Effect.void)
      chmodSync(file, 0o444)
      chmodSync(dirname(file), 0o555)
      const { reason } = yield* refusal(file)
      chmodSync(dirname(file), 0o755)
      assert.strictEqual(reason._tag, "Unreachable")
    })
  )

  it.live("answers as gone when it is closed", () =>
    Effect.gen(function* () {
      const file = yield* freshFile
      const scope = yield* scopeOf()
      const storage = yield* opened(file, (storage) => Effect.succeed(storage))
      const { reason } = yield* Effect.flip(storage.stores.users.find(scope, "user"))
      assert.deepStrictEqual(reason, { _tag: "Gone", what: "storage" })
    })
  )
})

/** Each does damage that a read must notice: SQL, and the read. */
const damages: ReadonlyArray<
  readonly [
    string,
    (stores: Storage["Service"], scope: Lane.Caller) => Effect.Effect<unknown, StorageError>
  ]
> = [
  ["UPDATE users SET properties = '{'", ({ stores }, s) => stores.users.find(s, "user")],
  ["UPDATE users SET properties = '{\"a\":[1]}'", ({ stores }, s) => stores.users.list(s, {})],
  [
    "UPDATE messages SET role = 'root'",
    ({ stores }, s) => stores.messages.list(s, Lane.idOf(s), {})
  ],
  [
    'UPDATE messages SET body = NULL, parts = \'[{"_tag":"Text"}]\'',
    ({ stores }, s) => stores.messages.ofTurn(s, Lane.idOf(s), 1)
  ],
  [
    "UPDATE messages SET partial = 2",
    ({ stores }, s) => stores.messages.recent(s, Lane.idOf(s), 9, 9)
  ],
  [
    "UPDATE messages SET at = 9007199254740993",
    ({ stores }, s) => stores.messages.list(s, Lane.idOf(s), {})
  ],
  [
    "UPDATE turns SET scopes = '[1]'",
    ({ stores }, s) => stores.turns.findKeyed(s, Lane.idOf(s), "1")
  ],
  [
    "UPDATE turns SET outcome = '\"fine\"'",
    ({ stores }, s) => stores.turns.findKeyed(s, Lane.idOf(s), "1")
  ],
  [
    "UPDATE turns SET waiting = '[{}]'",
    ({ stores }, s) => stores.turns.findKeyed(s, Lane.idOf(s), "1")
  ],
  ["UPDATE turns SET draft = '{'", ({ stores }, s) => stores.turns.findKeyed(s, Lane.idOf(s), "1")],
  ["UPDATE ledger SET model = NULL", ({ stores }, s) => stores.ledger.list(s, {})],
  [
    "UPDATE ledger SET output = 9007199254740993",
    ({ stores }, s) => stores.ledger.total(s, 0, Number.MAX_SAFE_INTEGER)
  ],
  ["UPDATE passages SET tags = '\"t\"'", ({ stores }, s) => stores.passages.find(s, ["p"])],
  ["UPDATE passages SET body = char(1)", ({ stores }, s) => stores.passages.list(s, archive, {})],
  [
    "UPDATE words SET words = '{'",
    ({ stores }, s) =>
      Effect.andThen(
        stores.words.remove(s, archive, ["p"]),
        stores.words.add(s, archive, [{ item: "p", words: new Map() }], 1)
      )
  ],
  [
    "UPDATE archives SET items = -1",
    ({ stores }, s) => stores.words.search(s, [archive], ["tea"], 9)
  ],
  [
    "UPDATE turns SET facts = '[{}]'",
    ({ stores }, s) =>
      Effect.flatMap(stores.turns.findKeyed(s, Lane.idOf(s), "1"), (turn) =>
        turn._tag === "None" ? Effect.void : stores.turns.facts(s, turn.value, 1)
      )
  ]
]

describe("a damaged row", () => {
  for (const [sql, read] of damages) {
    it.live(`is told, not thrown: ${sql}`, () =>
      Effect.gen(function* () {
        const file = yield* freshFile
        const scope = yield* planted(file)
        yield* opened(file, (storage) => read(storage, scope))
        yield* tampered(file, (db) => db.exec(sql))
        const { reason } = yield* Effect.flip(opened(file, (storage) => read(storage, scope)))
        assert.strictEqual(reason._tag, "Malformed")
      })
    )
  }
})
