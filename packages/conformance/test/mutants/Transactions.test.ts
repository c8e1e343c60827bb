import { transactions } from "./Transactions.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("transactions", transactions)
