import { passages } from "./Passages.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("passages", passages)
