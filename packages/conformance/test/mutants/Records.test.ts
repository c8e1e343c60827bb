import { records } from "./Records.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("records", records)
