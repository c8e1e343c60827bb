/** The floor as a program: starts, takes one turn, tells what it took. */
import { openFloor } from "../floors.ts"
import { argument, tell } from "./tell.ts"

const floor = openFloor({ file: argument(2), synchronous: "FULL", modelUrl: argument(3) })
await floor.turn(0, 0)
tell()
floor.close()
