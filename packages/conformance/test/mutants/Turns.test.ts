import { tryMutants } from "./Trial.ts"
import { turns } from "./Turns.ts"

tryMutants("turns", turns)
