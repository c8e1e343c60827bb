import { ledger } from "./Ledger.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("ledger", ledger)
