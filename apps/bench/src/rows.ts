/**
 * The rows of turns. To add one: append it to `rows` with a name, the floor it is compared with, what
 * is asked of it, and an `open` that returns its turn. `sequential` and `concurrent` fill in the rest.
 */
import { join } from "node:path"
import * as Sqlite from "@atrium/storage-sqlite/Sqlite"
import * as Echo from "@atrium/testing/Echo"
import { native, openHouse } from "./atrium.ts"
import { openFloor, type Synchronous } from "./floors.ts"
import { openServer } from "./overHttp.ts"
import type { Row, Setting } from "./Row.ts"

/** A row whose turns follow one another: what a turn costs. Few users, so that windows are full. */
export const sequential = (row: Omit<Row, "users" | "inFlight">): Row => ({
  users: 20,
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

type Durability = "power" | "process"

const storage = ({ folder }: Setting, durability: Durability) =>
  Sqlite.layer({ file: join(folder, "atrium.db"), durability })

/** A turn of the house over an echo backend: the skeleton, without a model. */
const skeleton =
  (durability: Durability): Row["open"] =>
  (setting) =>
    openHouse({ storage: storage(setting, durability), backend: Echo.layer })

/** A turn of the whole house, with a model that streams. */
const atrium =
  (durability: Durability): Row["open"] =>
  (setting) =>
    openHouse({ storage: storage(setting, durability), backend: native(setting.modelUrl) })

/** The same through a socket: an API key, a request, a stream of events. */
const http =
  (durability: Durability): Row["open"] =>
  (setting) =>
    openServer({ storage: storage(setting, durability), backend: native(setting.modelUrl) })

/** 100 people, 50 turns at once. */
const CROWD = { users: 100, inFlight: 50 }

/** A model that thinks before it speaks. */
const slow = { latencyMs: 200 }

/** Every row, in the order of the table. */
export const rows: ReadonlyArray<Row> = [
  sequential({ name: "floor", open: floor("NORMAL", "model") }),
  sequential({ name: "floor-full", open: floor("FULL", "model") }),
  sequential({
    name: "native",
    floor: "floor",
    asked: { cpu: 2.5, p50: 2.5 },
    open: atrium("process")
  }),
  sequential({
    name: "native-full",
    floor: "floor-full",
    asked: { cpu: 2.5, p50: 2.5 },
    open: atrium("power")
  }),
  sequential({ name: "http", floor: "native", open: http("process") }),
  sequential({ name: "floor-bare", open: floor("NORMAL", "bare") }),
  sequential({ name: "floor-full-bare", open: floor("FULL", "bare") }),
  sequential({
    name: "skeleton",
    floor: "floor-bare",
    asked: { cpu: 2 },
    open: skeleton("process")
  }),
  sequential({
    name: "skeleton-full",
    floor: "floor-full-bare",
    asked: { cpu: 2 },
    open: skeleton("power")
  }),
  concurrent(CROWD, { name: "floor-crowd", open: floor("NORMAL", "model") }),
  concurrent(CROWD, { name: "floor-full-crowd", open: floor("FULL", "model") }),
  concurrent(CROWD, {
    name: "native-crowd",
    floor: "floor-crowd",
    asked: { rate: 0.5 },
    open: atrium("process")
  }),
  concurrent(CROWD, {
    name: "native-full-crowd",
    floor: "floor-full-crowd",
    asked: { rate: 0.8 },
    open: atrium("power")
  }),
  concurrent(CROWD, { name: "floor-slow", ...slow, open: floor("NORMAL", "model") }),
  concurrent(CROWD, { name: "floor-full-slow", ...slow, open: floor("FULL", "model") }),
  concurrent(CROWD, {
    name: "native-slow",
    floor: "floor-slow",
    asked: { rate: 0.95 },
    ...slow,
    open: atrium("process")
  }),
  concurrent(CROWD, {
    name: "native-full-slow",
    floor: "floor-full-slow",
    asked: { rate: 0.95 },
    ...slow,
    open: atrium("power")
  })
]

/** The rows whose name contains `only`, and those they are compared with. */
export const select = (all: ReadonlyArray<Row>, only: string): ReadonlyArray<Row> => {
  const chosen = new Set(all.filter((row) => row.name.includes(only)).map(({ name }) => name))
  // A floor may have a floor of its own.
  for (const row of all.toReversed()) {
    if (chosen.has(row.name) && row.floor !== undefined) chosen.add(row.floor)
  }
  return all.filter((row) => chosen.has(row.name))
}
