/** Waiting that ends early when there is a reason to try at once. */

const listen = (on: () => void, signal: AbortSignal): void => {
  // Node has neither; there the time alone counts.
  if (typeof addEventListener === "undefined" || typeof document === "undefined") return
  addEventListener("online", on, { signal })
  document.addEventListener(
    "visibilitychange",
    () => {
      if (document.visibilityState === "visible") on()
    },
    { signal }
  )
}

/** Waits `ms` milliseconds, or until the browser is online or its page is looked at again. */
export const wake = (ms: number, closed: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const over = new AbortController()
    const end = (): void => {
      over.abort()
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(end, ms)
    closed.addEventListener("abort", end, { signal: over.signal })
    listen(end, over.signal)
    if (closed.aborted) end()
  })

/**
 * Calls `stale` when an open connection may be dead without knowing: the network came back, or the
 * page was away for longer than `awayMs`.
 */
export const onReturn = (stale: () => void, awayMs: number, closed: AbortSignal): void => {
  if (typeof addEventListener === "undefined" || typeof document === "undefined") return
  let left = 0
  addEventListener("online", stale, { signal: closed })
  document.addEventListener(
    "visibilitychange",
    () => {
      if (document.visibilityState === "hidden") left = performance.now()
      else if (performance.now() - left > awayMs) stale()
    },
    { signal: closed }
  )
}

/** Calls `look` every `everyMs` while the page is seen, and at once when somebody comes back to it. */
export const whileSeen = (look: () => void, everyMs: number, closed: AbortSignal): void => {
  if (closed.aborted) return
  const timer = setInterval(() => {
    if (typeof document === "undefined" || document.visibilityState === "visible") look()
  }, everyMs)
  closed.addEventListener("abort", () => clearInterval(timer))
  listen(look, closed)
  if (typeof document !== "undefined") addEventListener("focus", look, { signal: closed })
}

/** How long to wait after the n-th try in vain: 250 ms doubled up to 8 s, of which a random half. */
export const delayOf = (vain: number): number => {
  const full = Math.min(8000, 250 * 2 ** (vain - 1))
  return full / 2 + (full / 2) * Math.random()
}
