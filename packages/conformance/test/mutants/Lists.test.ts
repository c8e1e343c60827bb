import { lists } from "./Lists.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("lists", lists)
