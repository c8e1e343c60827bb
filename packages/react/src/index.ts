/** Hooks for pages that talk to agents. */
export { AtriumProvider, useConnection } from "./AtriumProvider.tsx"
export { Connection, type ConnectionOptions, type Which } from "./Connection.ts"
export type { Conversation, ConversationState, Status } from "./Conversation.ts"
export type { Left, Limits, LimitsState } from "./Limits.ts"
export type {
  Memory,
  MemoryState,
  OpenedDocument,
  Past,
  ShownBlock,
  ShownRevision
} from "./Memory.ts"
export type { Citation, ShownTurn, ToolUse, TurnState } from "./ShownTurn.ts"
export { isOpen } from "./ShownTurn.ts"
export { Trouble } from "./Trouble.ts"
export type { Keeping } from "./Unsent.ts"
export { useConversation } from "./useConversation.ts"
export { useLimits } from "./useLimits.ts"
export { useMemory } from "./useMemory.ts"
