import { useEffect, useSyncExternalStore } from "react"
import { useConnection } from "./AtriumProvider.tsx"
import type { Which } from "./Connection.ts"
import type { Conversation, ConversationState } from "./Conversation.ts"

/**
 * The user's conversation with an agent, opened on first use: its past, the turn that runs, and what
 * can be done. It follows a turn over connections that break, and takes one up that was begun before
 * the page was loaded.
 */
export const useConversation = (which: Which): [ConversationState, Conversation] => {
  const conversation = useConnection().conversation(which)
  const state = useSyncExternalStore(conversation.subscribe, conversation.state, conversation.state)
  useEffect(() => void conversation.load(), [conversation])
  return [state, conversation]
}
