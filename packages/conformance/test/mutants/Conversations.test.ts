import { conversations } from "./Conversations.ts"
import { tryMutants } from "./Trial.ts"

tryMutants("conversations", conversations)
