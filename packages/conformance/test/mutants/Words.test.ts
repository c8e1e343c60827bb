import { tryMutants } from "./Trial.ts"
import { words } from "./Words.ts"

tryMutants("words", words)
