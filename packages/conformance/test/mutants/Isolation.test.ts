import { isolation } from "./Isolation.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("isolation", isolation)
