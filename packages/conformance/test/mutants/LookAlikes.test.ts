import { lookAlikes } from "./LookAlikes.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("lookAlikes", lookAlikes)
