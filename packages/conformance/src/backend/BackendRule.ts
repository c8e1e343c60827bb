/** Rules about backends, and how one is run. Time is real: a vendor knows no other. */
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
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { type App, House, make } from "../pipeline/House.ts"
import type { Within } from "../pipeline/Steps.ts"
import type { Rule } from "../Rule.ts"
import { maximumMs } from "../Suite.ts"
import { Scripted, type ScriptedBackend } from "./Scripted.ts"
import { Vendor } from "./Vendor.ts"

/**
 * The backend that is to be proven.
 * - `layer`: the backend, built anew for each rule; one that keeps its state in the storage is given
 *   the one that conversations are kept in.
 * - `vendor`: the same over a vendor that can be troubled, which rules about failures need.
 * - `tools`: the same with an agent that follows a script, made once a rule; a backend that calls tools
 *   needs it, and only such a one.
 * - `storage`: kept at `file`; in memory unless said otherwise.
 */
export interface BackendSubject {
  readonly layer: Layer.Layer<AgentBackend, unknown, Storage>
  readonly vendor?: Layer.Layer<AgentBackend | Vendor, unknown, Storage>
  readonly tools?: Effect.Effect<ScriptedBackend, unknown, Scope.Scope>
  readonly storage?: (options: { readonly file: string }) => Layer.Layer<Storage, unknown>
  readonly app?: App
}

/** What a rule's `applies` decides on. Facets (blocks, passages) join it as they come. */
export interface BackendCapabilities {
  readonly vendor: boolean
  readonly tools: boolean
}

/** What of a subject can be proven. */
export const capabilitiesOf = ({
  tools,
  vendor
}: Pick<BackendSubject, "tools" | "vendor">): BackendCapabilities => ({
  vendor: vendor !== undefined,
  tools: tools !== undefined
})

export type BackendRule = Rule<
  BackendCapabilities,
  House | Scripted | Storage | TenantResolver | Vendor
>

/** A rule that troubles the vendor. */
export const troubling = (
  given: Omit<BackendRule, "check" | "applies">,
  check: (
    vendor: Vendor["Service"]
  ) => Effect.Effect<void, unknown, House | Storage | TenantResolver>
): BackendRule => ({
  ...given,
  applies: ({ vendor }) => vendor,
  check: Effect.flatMap(Vendor, check)
})

/** What ann does in one life of a process. */
export type Steps<A = void> = Effect.Effect<A, unknown, Within>

const freshFile = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "atrium-backend-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
).pipe(Effect.map((folder) => join(folder, "storage")))

const noVendor = Vendor.of({
  slow: Effect.void,
  faults: [],
  held: Effect.succeed(0),
  agents: Effect.succeed(0)
})

/** Runs a rule over a fresh backend; fails, after `timeoutMs` at the latest, when it is broken. */
export const runBackendRule = (
  { check }: BackendRule,
  { app = Atrium.layer, layer, storage = () => Storage.layerMemory, tools, vendor }: BackendSubject,
  timeoutMs: number = maximumMs - 5000
): Effect.Effect<void, unknown> =>
  Effect.gen(function* () {
    const file = yield* freshFile
    const kept = Context.get(yield* Layer.build(Layer.fresh(storage({ file }))), Storage)
    const built: Context.Context<AgentBackend> = yield* Layer.build(
      Layer.fresh(vendor ?? layer)
    ).pipe(Effect.provideService(Storage, kept))
    const troubled = Option.getOrElse(Context.getOption(built, Vendor), () => noVendor)
    yield* check.pipe(
      Effect.provideService(House, make(app, Context.get(built, AgentBackend))),
      Effect.provideService(Storage, kept),
      Effect.provideService(Vendor, troubled),
      Effect.provideService(Scripted, Option.fromUndefinedOr(tools)),
      Effect.provide([TenantResolver.layerTrusted, Logger.layer([])]),
      Effect.timeout(timeoutMs)
    )
  }).pipe(Effect.scoped)
