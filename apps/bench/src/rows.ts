/**
 * The rows of the bench. To add one: append it to `rows` with a name, the floor it is compared
 * with, and an `open` that returns its turn. `sequential` and `concurrent` fill in the rest.
 */
import { join } from "node:path"
import * as Sqlite from "@atrium/storage-sqlite/Sqlite"
import * as Echo from "@atrium/testing/Echo"
import { openHouse } from "./atrium.ts"
import { openFloor, type Synchronous } from "./floors.ts"
import type { Turn } from "./Measure.ts"

/** What every row is given. */
export interface Setting {
  /** A folder of its own, empty, on a real disk. */
  readonly folder: string
  /** The base URL of the fake model, which runs in a process of its own. */
  readonly modelUrl: string
}

/** An opened row. */
export interface Opened {
  readonly turn: Turn
  readonly close: () => void | Promise<void>
}

/** A line of the table. */
export interface Row {
  readonly name: string
  /** The row it is compared with; a floor has none. */
  readonly floor?: string
  readonly users: number
  readonly inFlight: number
  readonly open: (setting: Setting) => Opened | Promise<Opened>
}

/** A row whose turns follow one another: what a turn costs. */
export const sequential = (row: Omit<Row, "users" | "inFlight">): Row => ({
  users: 50,
  inFlight: 1,
  ...row
})

/** A row with many turns in flight: what a process carries. */
export const concurrent = (
  load: { readonly users: number; readonly inFlight: number },
  row: Omit<Row, "users" | "inFlight">
): Row => ({ ...load, ...row })

const floor =
  (synchronous: Synchronous, model: "model" | "bare"): Row["open"] =>
  ({ folder, modelUrl }) => {
    const file = join(folder, "floor.db")
    return openFloor({ file, synchronous, ...(model === "model" ? { modelUrl } : {}) })
  }

/** A turn of the house over an echo backend: the skeleton, without a model. */
const skeleton =
  (durability: "power" | "process"): Row["open"] =>
  ({ folder }) =>
    openHouse({
      storage: Sqlite.layer({ file: join(folder, "atrium.db"), durability }),
      backend: Echo.layer
    })

/** 200 people, 16 turns at once. */
const CROWD = { users: 200, inFlight: 16 }

/** Every row, in the order of the table. */
export const rows: ReadonlyArray<Row> = [
  sequential({ name: "floor", open: floor("NORMAL", "model") }),
  sequential({ name: "floor-full", open: floor("FULL", "model") }),
  sequential({ name: "floor-bare", open: floor("NORMAL", "bare") }),
  sequential({ name: "floor-full-bare", open: floor("FULL", "bare") }),
  sequential({ name: "skeleton", floor: "floor-bare", open: skeleton("process") }),
  sequential({ name: "skeleton-full", floor: "floor-full-bare", open: skeleton("power") }),
  concurrent(CROWD, { name: "floor-crowd", open: floor("NORMAL", "model") }),
  concurrent(CROWD, { name: "floor-full-crowd", open: floor("FULL", "model") })
]

/** The rows whose name contains `only`, and the floors they are compared with. */
export const select = (all: ReadonlyArray<Row>, only: string): ReadonlyArray<Row> => {
  const named = all.filter((row) => row.name.includes(only))
  const floors = new Set(named.map((row) => row.floor))
  return all.filter((row) => named.includes(row) || floors.has(row.name))
}
