import { opening } from "./Opening.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("opening", opening)
