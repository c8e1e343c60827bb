import { useEffect, useSyncExternalStore } from "react"
import { useConnection } from "./AtriumProvider.tsx"
import type { LimitsState } from "./Limits.ts"

/** What is left of the user's rate; `undefined` until it is known. */
export const useLimits = (): LimitsState => {
  const { limits } = useConnection()
  const state = useSyncExternalStore(limits.subscribe, limits.state, limits.state)
  useEffect(() => void limits.refresh(), [limits])
  return state
}
