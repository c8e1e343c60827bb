/** The in-memory key-value driver: a sorted map. It is the readable specification of a driver. */
import * as Effect from "effect/Effect"
import { compareKeys, type Entry, type KeyValueDriver } from "./KeyValue.ts"

/** A driver over a sorted map of its own; what it holds is gone with it. */
export const make = (): KeyValueDriver => {
  const entries = new Map<string, Entry>()
  const keys: Array<string> = []
  let version = 0

  /** Index of the first key at or after `key`. */
  const lowerBound = (key: string): number => {
    let low = 0
    let high = keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const at = keys[middle]
      if (at !== undefined && compareKeys(at, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  const put = (key: string, value: Uint8Array): void => {
    if (!entries.has(key)) keys.splice(lowerBound(key), 0, key)
    version += 1
    entries.set(key, { key, value, version: `${version}` })
  }

  const remove = (key: string): void => {
    if (entries.delete(key)) keys.splice(lowerBound(key), 1)
  }

  return {
    durability: "memory",
    owners: "many",
    get: (wanted) => Effect.sync(() => wanted.map((key) => entries.get(key))),
    scan: ({ from, limit, reverse, to }) =>
      Effect.sync(() => {
        const low = lowerBound(from)
        const high = lowerBound(to)
        const chosen =
          reverse === true
            ? keys.slice(Math.max(low, high - limit), high).reverse()
            : keys.slice(low, Math.min(high, low + limit))
        return chosen.flatMap((key) => entries.get(key) ?? [])
      }),
    commit: (reads, writes) =>
      Effect.sync(() => {
        if (reads.some(({ key, version }) => entries.get(key)?.version !== version))
          return "conflict"
        for (const { key, value } of writes) {
          if (value === undefined) remove(key)
          else put(key, value)
        }
        return "committed"
      })
  }
}
