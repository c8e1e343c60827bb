/** Commits of a plain turn, counted in SQLite's own log: with FULL each of them waits for the disk. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Sqlite from "@atrium/storage-sqlite/Sqlite"
import { native, openHouse } from "../atrium.ts"
import type { Probe } from "../Row.ts"

const HEADER = 32
const FRAME_HEADER = 24

/** Commits in the log since it was last begun anew, and the salt by which that one is known. */
export const commitsIn = (log: Buffer): { readonly salt: string; readonly commits: number } => {
  const pageSize = log.readUInt32BE(8)
  const salt = log.toString("hex", 16, 24)
  let commits = 0
  for (let at = HEADER; at + FRAME_HEADER <= log.length; at += FRAME_HEADER + pageSize) {
    // Frames of an earlier log may lie behind.
    if (log.toString("hex", at + 8, at + 16) !== salt) break
    // The last frame of a transaction says how large the database is now.
    if (log.readUInt32BE(at + 4) > 0) commits += 1
  }
  return { salt, commits }
}

const TURNS = 20

export const commits: Probe = {
  name: "commits",
  measure: async ({ folder, modelUrl }) => {
    const file = join(folder, "atrium.db")
    const house = await openHouse({
      storage: Sqlite.layer({ file, durability: "power" }),
      backend: native(modelUrl)
    })
    try {
      await house.turn(0, 0)
      const before = commitsIn(readFileSync(`${file}-wal`))
      for (let turn = 1; turn <= TURNS; turn++) await house.turn(0, turn)
      const after = commitsIn(readFileSync(`${file}-wal`))
      if (before.salt !== after.salt) throw new Error("The log was begun anew in between.")
      const value = (after.commits - before.commits) / TURNS
      return [{ what: "fsyncs of a plain turn", value, unit: "commits", bound: { most: 2 } }]
    } finally {
      await house.close()
    }
  }
}
