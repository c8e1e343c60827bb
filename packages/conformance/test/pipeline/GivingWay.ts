/** A storage in memory that lets other fibers go first, before and after all that it does. */
import * as MemoryDriver from "@atrium/core/storage/MemoryDriver"
import { Storage } from "@atrium/core/storage/Storage"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

const jitter = Effect.flatMap(Random.nextIntBetween(0, 3), (n) =>
  Effect.replicateEffect(Effect.yieldNow, n, { discard: true })
)

const around = <A, E>(self: Effect.Effect<A, E>) =>
  Effect.tap(Effect.andThen(jitter, self), () => jitter)

export const givingWay = Storage.layerKeyValue(
  Effect.sync(() => {
    const driver = MemoryDriver.make()
    return {
      ...driver,
      get: (keys) => around(driver.get(keys)),
      scan: (range) => around(driver.scan(range)),
      commit: (reads, writes) => around(driver.commit(reads, writes))
    }
  })
)
