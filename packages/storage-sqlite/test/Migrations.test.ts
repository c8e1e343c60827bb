/** Old databases open with what is in them; newer ones and halves of migrations do not exist. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import type { Migration } from "@atrium/storage-sql/Migrations"
import { migrations } from "@atrium/storage-sql/StorageSql"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Golden from "./golden/Golden.ts"
import { freshFile, opened, openedWith, tampered } from "./support/Opened.ts"

/** A database as version 1 left it. */
const golden = Effect.gen(function* () {
  const script = readFileSync(join(import.meta.dirname, "golden", "version-1.sql"), "utf8")
  const file = yield* freshFile
  yield* tampered(file, (db) => db.exec(script))
  return file
})

const second = (...statements: ReadonlyArray<string>): ReadonlyArray<Migration> => [
  ...migrations,
  { version: 2, name: "only for this test", statements: () => statements }
]

const zone = "alter table users add column zone text not null default 'UTC'"

describe("a database of version 1", () => {
  it.live("opens with all that is in it", () =>
    Effect.flatMap(golden, (file) => opened(file, Golden.examine))
  )

  it.live("looks as migration 1 makes it: a released migration is never edited", () =>
    Effect.gen(function* () {
      const fresh = yield* freshFile
      yield* opened(fresh, () => Effect.void)
      assert.deepStrictEqual(
        yield* tampered(fresh, Golden.schemaOf),
        yield* tampered(yield* golden, Golden.schemaOf)
      )
    })
  )

  it.live("is brought to version 2 once, with its data", () =>
    Effect.gen(function* () {
      const file = yield* golden
      for (let i = 0; i < 2; i++) yield* openedWith(file, second(zone), Golden.examine)
      const zones = yield* tampered(file, (db) => db.prepare("SELECT zone FROM users").all())
      assert.deepStrictEqual(
        zones.map((row) => row["zone"]),
        ["UTC", "UTC"]
      )
    })
  )

  it.live("stays whole when a migration fails", () =>
    Effect.gen(function* () {
      const file = yield* golden
      const before = yield* tampered(file, Golden.scriptOf)
      const broken = second(zone, "update users set name = 'x'", "drop table no_such_table")
      const error = yield* Effect.flip(openedWith(file, broken, () => Effect.void))
      assert.include(error.message, "no_such_table")
      assert.strictEqual(yield* tampered(file, Golden.scriptOf), before)
      yield* opened(file, Golden.examine)
    })
  )

  it.live("stays whole when the process is killed in a migration", () =>
    Effect.gen(function* () {
      const file = yield* golden
      const before = yield* tampered(file, Golden.scriptOf)
      yield* Effect.promise(async () => {
        const program = join(import.meta.dirname, "support", "migrating.ts")
        const child = spawn(process.execPath, ["--conditions=@atrium/source", program, file])
        await once(child.stdout, "data")
        await setTimeout(500)
        child.kill("SIGKILL")
        const [, signal] = await once(child, "exit")
        assert.strictEqual(signal, "SIGKILL")
      })
      assert.strictEqual(yield* tampered(file, Golden.scriptOf), before)
      yield* opened(file, Golden.examine)
    })
  )

  it.live("is not opened by a version that does not know it", () =>
    Effect.gen(function* () {
      const file = yield* golden
      yield* openedWith(file, second(zone), () => Effect.void)
      const before = yield* tampered(file, Golden.scriptOf)
      const { message, reason } = yield* Effect.flip(opened(file, () => Effect.void))
      assert.deepStrictEqual(reason, { _tag: "Newer", found: 2, known: 1 })
      assert.include(message, "Upgrade Atrium")
      assert.strictEqual(yield* tampered(file, Golden.scriptOf), before)
    })
  )
})
