import { storing } from "./Storing.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("storing", storing)
