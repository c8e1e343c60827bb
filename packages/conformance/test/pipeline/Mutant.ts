/** Pairs that are broken on purpose, each with the rules of the pipeline it must fail. */
import { Puppet } from "@atrium/conformance"
import type { App } from "@atrium/conformance/pipeline/House"
import type { Subject } from "@atrium/conformance/pipeline/PipelineRule"
import { Atrium } from "@atrium/core"
import { AgentBackend, type AgentDriver, type Running } from "@atrium/core/backend/AgentBackend"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { Storage } from "@atrium/core/storage/Storage"
import type { Plan } from "@atrium/core/tenancy/Plan"
import { Turns } from "@atrium/core/turns/Turns"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Broken } from "../Trial.ts"

/** A broken pair; it may also fail rules that take seconds and are not named. */
export interface Mutant extends Broken {
  readonly subject: Subject
}

const whole: Subject = {
  storage: () => Storage.layerMemory,
  backend: AgentBackend.layer(Effect.sync(() => Puppet.make().driver)),
  processes: true
}

type StorageService = Storage["Service"]

/** A storage with `change` made to it. */
export const storage = (
  name: string,
  fails: ReadonlyArray<string>,
  change: (storage: StorageService) => StorageService
): Mutant => ({
  name,
  fails,
  subject: {
    ...whole,
    storage: () =>
      Layer.effect(Storage, Effect.map(Storage, change)).pipe(Layer.provide(Storage.layerMemory))
  }
})

/** An app with another layer. */
export const app = (name: string, fails: ReadonlyArray<string>, layer: App): Mutant => ({
  name,
  fails,
  subject: { ...whole, app: layer }
})

/** An app with `change` made to its turns. */
export const turns = (
  name: string,
  fails: ReadonlyArray<string>,
  change: (turns: Turns["Service"]) => Turns["Service"]
): Mutant =>
  app(name, fails, (agents, options) =>
    Layer.effect(Turns, Effect.map(Turns, change)).pipe(
      Layer.provideMerge(Atrium.layer(agents, options))
    )
  )

/** An app with `change` made to its conversations. */
export const conversations = (
  name: string,
  fails: ReadonlyArray<string>,
  change: (conversations: Conversations["Service"]) => Conversations["Service"]
): Mutant =>
  app(name, fails, (agents, options) =>
    Layer.effect(Conversations, Effect.map(Conversations, change)).pipe(
      Layer.provideMerge(Atrium.layer(agents, options))
    )
  )

/** An app whose plan is changed. */
export const plan = (
  name: string,
  fails: ReadonlyArray<string>,
  change: (plan: Plan) => Plan
): Mutant =>
  app(name, fails, (agents, { plans = {}, ...options } = {}) =>
    Atrium.layer(agents, {
      ...options,
      plans: Object.fromEntries(Object.entries(plans).map(([key, value]) => [key, change(value)]))
    })
  )

/** An app that hands turns to its backend changed, or runs them otherwise. */
export const running = (
  name: string,
  fails: ReadonlyArray<string>,
  change: (turn: Running, driver: AgentDriver) => ReturnType<AgentDriver["turns"]["run"]>
): Mutant =>
  app(name, fails, (agents, options) =>
    Atrium.layer(agents, options).pipe(
      Layer.provide(
        Layer.effect(
          AgentBackend,
          Effect.map(AgentBackend, (driver) => ({
            ...driver,
            turns: { ...driver.turns, run: (turn: Running) => change(turn, driver) }
          }))
        )
      )
    )
  )
