/** Atrium as a program: starts, takes one turn, tells what it took. */
import * as Sqlite from "@atrium/storage-sqlite/Sqlite"
import { native, openHouse } from "../atrium.ts"
import { argument, tell } from "./tell.ts"

const house = await openHouse({
  storage: Sqlite.layer({ file: argument(2), durability: "power" }),
  backend: native(argument(3))
})
await house.turn(0, 0)
tell()
await house.close()
