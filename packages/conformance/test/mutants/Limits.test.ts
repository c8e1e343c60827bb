import { limits } from "./Limits.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("limits", limits)
