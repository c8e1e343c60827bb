/** Storages that are there again after closing, in memory by file: a sound one and broken ones. */
import { StorageError } from "@atrium/core/errors"
import * as MemoryDriver from "@atrium/core/storage/MemoryDriver"
import { lift, Storage } from "@atrium/core/storage/Storage"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Mutant, mutant, type Service } from "./Mutant.ts"

const fresh = (): Service => ({
  ...lift(MemoryDriver.make()),
  durability: "process",
  owners: "one"
})

/** Keeps what is stored at a file while the process lives; `open` makes what is opened of it. */
const kept = (options: {
  readonly open?: (storage: Service, times: number) => Service
  readonly locks?: boolean
}) => {
  const files = new Map<string, Service>()
  const times = new Map<string, number>()
  const taken = new Set<string>()
  return ({ file }: { readonly file: string }): Layer.Layer<Storage, StorageError> =>
    Layer.effect(
      Storage,
      Effect.acquireRelease(
        Effect.suspend(() => {
          if (taken.has(file) && options.locks !== false) {
            return Effect.fail(StorageError.because({ _tag: "Locked", owner: "this process" }))
          }
          taken.add(file)
          const storage = files.get(file) ?? fresh()
          files.set(file, storage)
          times.set(file, (times.get(file) ?? 0) + 1)
          return Effect.succeed(options.open?.(storage, times.get(file) ?? 1) ?? storage)
        }),
        () => Effect.sync(() => taken.delete(file))
      )
    )
}

/** Sound: it keeps every rule. */
export const keptByFile = kept({})

const reopening = (
  name: string,
  fails: ReadonlyArray<string>,
  options: Parameters<typeof kept>[0]
): Mutant => ({ name, fails, subject: { layer: kept(options), reopen: true } })

export const opening: ReadonlyArray<Mutant> = [
  mutant("memory that calls itself durable", ["ADP-1a"], (storage) => ({
    ...storage,
    durability: "power"
  })),
  reopening("what was stored is gone after closing", ["TRN-7c", "ADP-1b"], {
    open: (storage, times) => (times === 1 ? storage : fresh())
  }),
  reopening(
    "what failed is kept on closing",
    [
      "TEN-2j",
      "STO-1b",
      "STO-1c",
      "STO-1e",
      "STO-1f",
      "STO-1g",
      "ADP-3",
      "STO-2a",
      "STO-2b",
      "STO-2f",
      "STO-2c",
      "TRN-7d",
      "STO-1i",
      "MEM-5c"
    ],
    {
      open: (storage) => ({ ...storage, transact: (self) => self })
    }
  ),
  reopening("a second owner is let in", ["ADP-1b"], { locks: false })
]
