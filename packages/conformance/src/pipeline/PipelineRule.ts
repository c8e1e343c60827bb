/** Rules about the pipeline, and how one is run. */

import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Atrium } from "@atrium/core"
import { AgentBackend } from "@atrium/core/backend/AgentBackend"
import { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import type { Rule } from "../Rule.ts"
import { maximumMs } from "../Suite.ts"
import { type App, House, make } from "./House.ts"
import { watched } from "./VirtualTime.ts"

/**
 * The pair that is to be proven.
 * - `storage`: kept at `file`, a path that no other rule uses and where nothing is yet.
 * - `backend`: built anew for each rule, over the rule's storage.
 * - `app`: what takes the place of `Atrium.layer`; only mutants give one.
 */
export interface Subject {
  readonly storage: (options: { readonly file: string }) => Layer.Layer<Storage, unknown>
  readonly backend: Layer.Layer<AgentBackend, unknown, Storage>
  readonly app?: App
  /** Whether several processes may have the storage open; false unless said otherwise. */
  readonly processes?: boolean
}

/** What a rule's `applies` decides on. */
export interface PipelineCapabilities {
  readonly processes: boolean
}

export type PipelineRule = Rule<PipelineCapabilities, House | Storage | TenantResolver>

/** A rule whose time is virtual: it passes only when the rule says so. */
export const timed = (given: PipelineRule): PipelineRule => ({
  ...given,
  check: Effect.provide(given.check, TestClock.layer(), { local: true })
})

const freshFile = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "atrium-pipeline-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
).pipe(Effect.map((folder) => join(folder, "storage")))

/** Runs a rule over a fresh pair; fails, after `timeoutMs` at the latest, when it is broken. */
export const runPipelineRule = (
  { check }: PipelineRule,
  { app = Atrium.layer, backend, storage }: Subject,
  timeoutMs: number = maximumMs - 5000
): Effect.Effect<void, unknown> =>
  Effect.flatMap(freshFile, (file) => {
    const opened = Effect.gen(function* () {
      const context = yield* Layer.build(Layer.fresh(storage({ file })))
      const kept = watched(Context.get(context, Storage))
      const built = yield* Layer.build(
        Layer.fresh(backend).pipe(Layer.provide(Layer.succeed(Storage, kept)))
      )
      return yield* check.pipe(
        Effect.provideService(House, make(app, Context.get(built, AgentBackend))),
        Effect.provideService(Storage, kept)
      )
    })
    return opened.pipe(
      Effect.scoped,
      Effect.provide([TenantResolver.layerTrusted, Logger.layer([])]),
      Effect.timeout(timeoutMs)
    )
  }).pipe(Effect.scoped)
