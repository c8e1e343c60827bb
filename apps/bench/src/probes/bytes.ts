/** Bytes in the file: of a turn beyond its texts, and of an idle user beyond his turn. */
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as Sqlite from "@atrium/storage-sqlite/Sqlite"
import { native, openHouse } from "../atrium.ts"
import type { Probe } from "../Row.ts"

const numberOf = (db: DatabaseSync, pragma: string): number =>
  Number(Object.values(db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0])

/** Bytes of the pages in use. The file must be closed, so that its log is empty. */
const bytesOf = (file: string): number => {
  const db = new DatabaseSync(file, { readOnly: true })
  const bytes =
    (numberOf(db, "page_count") - numberOf(db, "freelist_count")) * numberOf(db, "page_size")
  db.close()
  return bytes
}

/** What the user says and what the fake model answers. */
const textBytes = (users: number, from: number, turns: number): number => {
  let bytes = 0
  for (let turn = from; turn < from + turns; turn++) {
    const text = `message ${turn} of user-${users === 1 ? 0 : turn - 1}`
    bytes += 2 * Buffer.byteLength(text) + "ok: ".length
  }
  return bytes / turns
}

export const bytes: Probe = {
  name: "bytes",
  measure: async ({ folder, modelUrl, progress, quick }) => {
    const turns = quick ? 50 : 1000
    /** The file's growth by each of `turns` turns, all of one user or each of another. */
    const grown = async (name: string, users: number) => {
      const file = join(folder, name)
      const open = () =>
        openHouse({
          storage: Sqlite.layer({ file, durability: "process" }),
          backend: native(modelUrl)
        })
      const first = await open()
      await first.turn(0, 0)
      await first.close()
      const before = bytesOf(file)
      const house = await open()
      for (let turn = 1; turn <= turns; turn++) {
        if (turn % 250 === 0) progress(`${name}: ${turn} of ${turns} turns`)
        await house.turn(users === 1 ? 0 : turn, turn)
      }
      await house.close()
      return (bytesOf(file) - before) / turns
    }
    const turn = await grown("one.db", 1)
    const user = await grown("many.db", turns)
    return [
      {
        what: "stored a turn beyond the texts",
        value: turn - textBytes(1, 1, turns),
        unit: "bytes",
        bound: { most: 3072 }
      },
      {
        what: "stored for an idle user beyond his turn",
        value: user - turn,
        unit: "bytes",
        bound: { most: 600 }
      }
    ]
  }
}
