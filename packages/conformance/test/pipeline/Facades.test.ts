import { facades } from "./Facades.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("facades", facades)
