/** One process owns a file: others are refused and told by whom, and nothing has to be cleaned up. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { noteOf } from "../src/Owner.ts"
import { folder, freshFile, opened } from "./support/Opened.ts"

/** Another process that has `file` open. */
const ownedElsewhere = (file: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const program = join(import.meta.dirname, "support", "owner.ts")
      const child = spawn(process.execPath, ["--conditions=@atrium/source", program, file])
      await once(child.stdout, "data")
      return child
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

const kill = (child: ChildProcess) =>
  Effect.promise(async () => {
    child.kill("SIGKILL")
    await once(child, "exit")
  })

describe("the owner of a file", () => {
  it.live("keeps another process out, is named to it, and leaves no lock when it is killed", () =>
    Effect.gen(function* () {
      const file = yield* freshFile
      const child = yield* ownedElsewhere(file)
      const { message, reason } = yield* Effect.flip(opened(file, () => Effect.void))
      assert.strictEqual(reason._tag, "Locked")
      assert.isNull(child.exitCode, "the owner ended by itself")
      assert.match(message, new RegExp(`process ${child.pid} on .+ since \\d{4}-\\d{2}-`))
      yield* kill(child)
      assert.isTrue(existsSync(noteOf(file)), "the note outlives a kill, and does not matter")
      yield* opened(file, () => Effect.void)
      assert.isFalse(existsSync(noteOf(file)))
    })
  )

  it.live("keeps a second layer of its own process out, by whatever path it comes", () =>
    Effect.gen(function* () {
      const made = yield* folder
      const file = join(made, "test.db")
      yield* opened(file, () =>
        Effect.gen(function* () {
          symlinkSync(file, join(made, "link.db"))
          for (const path of [file, join(made, "link.db")]) {
            const { message, reason } = yield* Effect.flip(opened(path, () => Effect.void))
            assert.strictEqual(reason._tag, "Locked")
            assert.include(message, `process ${process.pid} on`)
          }
        })
      )
      yield* opened(file, () => Effect.void)
    })
  )
})
