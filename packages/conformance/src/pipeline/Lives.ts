/** Lives of a process: one that is closed in order, and one that dies where it stands. */
import { StorageError } from "@atrium/core/errors"
import { Storage } from "@atrium/core/storage/Storage"
import * as Effect from "effect/Effect"
import { as, inHouse, type Opening } from "./House.ts"
import type { Within } from "./Steps.ts"
import { watched } from "./VirtualTime.ts"

const lost = StorageError.because({ _tag: "Unreachable", host: "storage" })

/** A process in which ann does `steps`, and which is then closed. */
export const life = <A>(steps: Effect.Effect<A, unknown, Within>, opening: Opening) =>
  inHouse(as("ann")(steps), opening)

/** A process in which ann does `steps`, and which then dies: nothing is written any more. */
export const death = <A>(steps: Effect.Effect<A, unknown, Within>, opening: Opening) =>
  Effect.gen(function* () {
    const storage = yield* Storage
    let dead = false
    const mortal = watched({
      ...storage,
      transact: (self) => Effect.suspend(() => (dead ? Effect.fail(lost) : storage.transact(self)))
    })
    return yield* life(
      Effect.tap(steps, () =>
        Effect.sync(() => {
          dead = true
        })
      ),
      opening
    ).pipe(Effect.provideService(Storage, mortal))
  })
