import { blocks } from "./Blocks.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("blocks", blocks)
