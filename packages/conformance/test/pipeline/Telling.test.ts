import { telling } from "./Telling.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("telling", telling)
