import { runs } from "./Runs.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("runs", runs)
