import { useEffect, useSyncExternalStore } from "react"
import { useConnection } from "./AtriumProvider.tsx"
import type { Which } from "./Connection.ts"
import type { Memory, MemoryState } from "./Memory.ts"

/** What the agent of a conversation remembers of the user, kept up to date while turns change it. */
export const useMemory = (which: Which): [MemoryState, Memory] => {
  const memory = useConnection().memory(which)
  const state = useSyncExternalStore(memory.subscribe, memory.state, memory.state)
  useEffect(() => void memory.refresh(), [memory])
  return [state, memory]
}
