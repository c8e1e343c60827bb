import { messages } from "./Messages.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("messages", messages)
