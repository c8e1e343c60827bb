import { useEffect, useState, useSyncExternalStore } from "react"

/** Whether a media query holds. */
export const useMedia = (query: string): boolean => {
  const media = matchMedia(query)
  return useSyncExternalStore(
    (changed) => {
      media.addEventListener("change", changed)
      return () => media.removeEventListener("change", changed)
    },
    () => media.matches
  )
}

/** Whether the browser is online. */
export const useOnline = (): boolean =>
  useSyncExternalStore(
    (changed) => {
      addEventListener("online", changed)
      addEventListener("offline", changed)
      return () => {
        removeEventListener("online", changed)
        removeEventListener("offline", changed)
      }
    },
    () => navigator.onLine
  )

/** Whole seconds until a time in milliseconds since 1970; 0 without one. */
export const useSecondsUntil = (until: number | undefined): number => {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (until === undefined) return
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [until])
  return until === undefined ? 0 : Math.max(0, Math.ceil((until - now) / 1000))
}
