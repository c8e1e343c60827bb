/** The storages that are killed: SQLite's own, the key-value lift over a table, and broken ones. */
import { DatabaseSync } from "node:sqlite"
import type { StorageError } from "@atrium/core/errors"
import type { Entry, KeyValueDriver } from "@atrium/core/storage/KeyValue"
import { Storage } from "@atrium/core/storage/Storage"
import * as Sqlite from "@atrium/storage-sqlite/Sqlite"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { House, Mutant } from "./Script.ts"

/** How long the mutant that acknowledges early keeps commits back. */
const keptBackMs = 20

interface Row {
  readonly key: string
  readonly value: Uint8Array
  readonly version: string
}

const isRow = (row: unknown): row is Row =>
  typeof row === "object" && row !== null && "key" in row && "value" in row && "version" in row

const entryOf = (row: unknown): Entry | undefined => (isRow(row) ? row : undefined)

/** A table of keys and values. Keys are stored as text, which SQLite compares by its UTF-8. */
const driver = (
  file: string,
  mutant: Mutant | null
): Effect.Effect<KeyValueDriver, never, Scope.Scope> =>
  Effect.gen(function* () {
    const db = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const opened = new DatabaseSync(file)
        opened.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
          CREATE TABLE IF NOT EXISTS pairs
            (key TEXT PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL) WITHOUT ROWID`)
        return opened
      }),
      (opened) => Effect.sync(() => opened.close())
    )
    const columns = "SELECT key, value, CAST(version AS TEXT) AS version FROM pairs"
    const get = db.prepare(`${columns} WHERE key = ?`)
    const up = db.prepare(`${columns} WHERE key >= ? AND key < ? ORDER BY key LIMIT ?`)
    const down = db.prepare(`${columns} WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT ?`)
    const put = db.prepare(
      `INSERT INTO pairs VALUES (?, ?, 1)
        ON CONFLICT DO UPDATE SET value = excluded.value, version = version + 1`
    )
    const remove = db.prepare("DELETE FROM pairs WHERE key = ?")
    const write = ({
      key,
      value
    }: {
      readonly key: string
      readonly value: Uint8Array | undefined
    }) => (value === undefined ? remove.run(key) : put.run(key, value))

    if (mutant === "early-ack") {
      db.exec("BEGIN")
      const later = Effect.sync(() => db.exec("COMMIT; BEGIN"))
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(keptBackMs), later)))
      yield* Effect.addFinalizer(() => Effect.sync(() => db.exec("COMMIT")))
    }
    const stays = (reads: Parameters<KeyValueDriver["commit"]>[0]) =>
      reads.every(({ key, version }) => entryOf(get.get(key))?.version === version)

    return {
      durability: "process",
      owners: "one",
      get: (keys) => Effect.sync(() => keys.map((key) => entryOf(get.get(key)))),
      scan: ({ from, limit, reverse, to }) =>
        Effect.sync(() =>
          (reverse === true ? down : up).all(from, to, limit).flatMap((row) => entryOf(row) ?? [])
        ),
      commit: (reads, writes) => {
        if (mutant === "torn-commit") {
          return Effect.suspend(() =>
            stays(reads)
              ? Effect.as(
                  Effect.forEach(
                    writes,
                    (pair) =>
                      Effect.andThen(
                        Effect.sleep(1),
                        Effect.sync(() => write(pair))
                      ),
                    { discard: true }
                  ),
                  "committed" as const
                )
              : Effect.succeed("conflict" as const)
          )
        }
        return Effect.sync(() => {
          if (!stays(reads)) return "conflict"
          if (mutant !== "early-ack") db.exec("BEGIN")
          for (const pair of writes) write(pair)
          if (mutant !== "early-ack") db.exec("COMMIT")
          return "committed"
        })
      }
    }
  })

/** Finds no turn by its key. */
const keyless = (storage: Storage["Service"]): Storage["Service"] => ({
  ...storage,
  stores: {
    ...storage.stores,
    turns: { ...storage.stores.turns, findKeyed: () => Effect.succeedNone }
  }
})

/** Loses a row of the ledger now and then. */
const unbilled = (storage: Storage["Service"]): Storage["Service"] => {
  const { ledger } = storage.stores
  let count = 0
  return {
    ...storage,
    stores: {
      ...storage.stores,
      ledger: {
        ...ledger,
        append: (scope, rows) => (++count % 10 === 0 ? Effect.void : ledger.append(scope, rows))
      }
    }
  }
}

/** The storage of a house. */
export const layer = ({ file, mutant, storage }: House): Layer.Layer<Storage, StorageError> => {
  const sound =
    storage === "sqlite" ? Sqlite.layer({ file }) : Storage.layerKeyValue(driver(file, mutant))
  const broken = mutant === "keyless" ? keyless : mutant === "unbilled" ? unbilled : undefined
  return broken === undefined
    ? sound
    : Layer.effect(Storage, Effect.map(Storage, broken)).pipe(Layer.provide(sound))
}
