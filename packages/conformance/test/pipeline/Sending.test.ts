import { sending } from "./Sending.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("sending", sending)
