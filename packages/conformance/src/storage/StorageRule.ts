/** What a rule about storages stands on: a place where a storage is opened, closed and opened again. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import type { Rule } from "../Rule.ts"
import { maximumMs } from "../Suite.ts"

/**
 * The storage that is to be proven.
 * - `layer`: the storage kept at `file`, a path that no other rule uses and where nothing is yet.
 * - `reopen`: whether what was stored is there after closing and opening it again.
 */
export interface Subject<E> {
  readonly layer: (options: { readonly file: string }) => Layer.Layer<Storage, E>
  readonly reopen: boolean
}

/** What a rule's `applies` decides on. */
export interface StorageCapabilities {
  readonly reopen: boolean
}

/** Where a rule's storage is kept. */
export class Place extends Context.Service<
  Place,
  {
    /** Opens the storage for as long as `self` runs. Every rule begins with nothing stored. */
    readonly open: <A, E, R>(
      self: Effect.Effect<A, E, R>
    ) => Effect.Effect<A, unknown, Exclude<R, Storage>>
    /** Whether what was stored is there after closing and opening again. */
    readonly reopen: boolean
  }
>()("@atrium/conformance/storage/StorageRule/Place") {}

export type StorageRule = Rule<StorageCapabilities, Place | TenantResolver>

/** A rule whose storage is opened once. */
export const rule = (
  given: Omit<StorageRule, "check"> & {
    readonly check: () => Effect.Effect<void, unknown, Place | Storage | TenantResolver>
  }
): StorageRule => ({
  ...given,
  check: Effect.flatMap(Place, ({ open }) => open(Effect.suspend(given.check)))
})

const freshFile = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "atrium-conformance-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
).pipe(Effect.map((folder) => join(folder, "storage")))

/** Runs a rule on a fresh place of `subject`; fails, after `timeoutMs` at the latest, when it is broken. */
export const runRule = <E>(
  { check }: StorageRule,
  { layer, reopen }: Subject<E>,
  timeoutMs: number = maximumMs - 5000
): Effect.Effect<void, unknown> =>
  Effect.flatMap(freshFile, (file) => {
    const open: Place["Service"]["open"] = (self) =>
      // A memo map of its own, so that opening again builds again.
      Effect.provide(self, Layer.fresh(layer({ file })), { local: true })
    return check.pipe(
      Effect.provideService(Place, { open, reopen }),
      Effect.provide(TenantResolver.layerTrusted),
      // Ids shaped like addresses are warned about, and here they are meant.
      Effect.provideService(References.MinimumLogLevel, "Error"),
      Effect.timeout(timeoutMs)
    )
  }).pipe(Effect.scoped)
