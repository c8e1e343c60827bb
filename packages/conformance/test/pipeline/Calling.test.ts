import { calling } from "./Calling.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("tools and approvals", calling)
